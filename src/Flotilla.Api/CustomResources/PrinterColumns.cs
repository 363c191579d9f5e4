using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Printing;

namespace Flotilla.Api.CustomResources;

/// <summary>The columns a definition asks for; without any, the age.</summary>
internal static class PrinterColumns
{
    private const string CreationTime = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

    public static IReadOnlyList<Column> Of(JsonObject version)
    {
        var asked = version.Objects("additionalPrinterColumns").ToList();
        return asked.Count == 0
            ? [Cells.Name, new Column("Age", (item, context) => Cells.AgeOf(item.Object("metadata").String("creationTimestamp"), context), Type: "date") { Description = CreationTime }]
            : [Cells.Name, .. asked.Select(column => Of(column.String("name") ?? "", column.String("type") ?? "string", column))];

    }

    private static Column Of(string name, string type, JsonObject asked)
    {
        var path = JsonPath.Parse(asked.String("jsonPath") ?? "");
        return new Column(name, (item, context) => Cell(path.Find(item).FirstOrDefault(), type, context), (int)(asked.Integer("priority") ?? 0), type, asked.String("format") ?? "")
        {
            Description = asked.String("description") is { Length: > 0 } given ? given : $"Custom resource definition column (in JSONPath format): {asked.String("jsonPath")}",
        };
    }

    private static JsonNode? Cell(JsonNode? value, string type, ColumnContext context) => (type, value?.GetValueKind()) switch
    {
        (_, null) => null,
        ("integer", JsonValueKind.Number) => (long)double.Parse(value!.ToJsonString(), CultureInfo.InvariantCulture),
        ("number", JsonValueKind.Number) or ("boolean", JsonValueKind.True or JsonValueKind.False) => value!.DeepClone(),
        ("date", JsonValueKind.String) => Cells.AgeOf(value.AsString(), context),
        ("string", JsonValueKind.String) => value.AsString(),
        ("string", _) => value!.ToJsonString(),
        _ => null,
    };
}
