using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Server.Http;

/// <summary>Objects in other shapes: lists, tables with kubectl's columns, and metadata alone.</summary>
/// <param name="includeObject">What rows carry beside their cells: <c>None</c>, <c>Object</c>, else the metadata.</param>
public sealed class TableBuilder(Kind kind, string? includeObject, string version, TimeProvider time)
{
    private static readonly IReadOnlyList<Column> Fallback = [Cells.Name, Cells.CreatedAt];

    private readonly IReadOnlyList<Column> columns = kind.Columns.Count > 0 ? kind.Columns : Fallback;

    /// <exception cref="Api.ApiException">400: <c>includeObject</c> says nothing the server knows.</exception>
    public static void Check(string? includeObject)
    {
        if (includeObject is not (null or "" or "None" or "Metadata" or "Object"))
        {
            var error = FieldError.Invalid("includeObject", includeObject, "must be 'Metadata', 'Object', 'None', or empty");
            throw Failures.BadRequest($"Unable to convert to Table as requested: {error}");
        }
    }

    public JsonObject Table(IReadOnlyList<JsonObject> items, ListPage page, bool headers = true) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = version,
        ["metadata"] = ListBody.Metadata(page),
        ["columnDefinitions"] = headers ? new JsonArray([.. columns.Select(Definition)]) : null,
        ["rows"] = new JsonArray([.. items.Select(Row)]),
    };

    public static JsonObject Metadata(JsonObject item, string version = "meta.k8s.io/v1") => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = version,
        ["metadata"] = item["metadata"]?.DeepClone(),
    };

    public static JsonObject MetadataList(IReadOnlyList<JsonObject> items, ListPage page, string version) => new()
    {
        ["kind"] = "PartialObjectMetadataList",
        ["apiVersion"] = version,
        ["metadata"] = ListBody.Metadata(page),
        ["items"] = new JsonArray([.. items.Select(item => Metadata(item, version))]),
    };

    public static JsonObject List(Kind kind, IReadOnlyList<JsonObject> items, ListPage page) => new()
    {
        ["kind"] = kind.ListName,
        ["apiVersion"] = kind.Identity.ApiVersion,
        ["metadata"] = ListBody.Metadata(page),
        ["items"] = new JsonArray([.. kind.Custom is null ? items.Select(WithoutKind) : items]),
    };

    private static JsonObject WithoutKind(JsonObject item)
    {
        item.Remove("kind");
        item.Remove("apiVersion");
        return item;
    }

    private JsonObject Definition(Column column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = ColumnDescriptions.Of(kind, column),
        ["priority"] = column.Priority,
    };

    private JsonObject Row(JsonObject item)
    {
        var context = new ColumnContext(time.GetUtcNow());
        var row = new JsonObject { ["cells"] = new JsonArray([.. columns.Select(column => column.Cell(item, context))]) };
        switch (includeObject)
        {
            case "None":
                break;
            case "Object":
                row["object"] = item.DeepClone();
                break;
            default:
                row["object"] = Metadata(item, version);
                break;
        }

        return row;
    }
}
