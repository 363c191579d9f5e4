using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds;

public static class ApiRegistrationKinds
{
    public const string GroupName = "apiregistration.k8s.io";

    public static readonly Kind ApiService = new(GroupName, "v1", "apiservices", "APIService", Scope.Cluster)
    {
        Categories = ["api-extensions"],
        HasStatus = true,
        NeedsVersionOnUpdate = true,
        ValidateName = Names.CheckPathSegment,
        Default = item => item.Object("spec").Object("service")?.Default("port", 443),
        Validate = Check,
        Columns =
        [
            Cells.Name,
            new("Service", (item, _) => item.Object("spec").Object("service") is { } service ? $"{service.String("namespace")}/{service.String("name")}" : "Local"),
            new("Available", (item, _) => Available(item)),
            Cells.Age,
        ],
    };

    public static IEnumerable<Kind> All => [ApiService];

    private static string Available(JsonObject item)
    {
        var condition = item.Object("status").Objects("conditions").FirstOrDefault(condition => condition.String("type") == "Available");
        return condition is null ? "Unknown" : condition.String("status") == "True" ? "True" : $"{condition.String("status")} ({condition.String("reason")})";
    }

    private static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var (group, version, name) = (spec.String("group") ?? "", spec.String("version") ?? "", item.Object("metadata").String("name") ?? "");
        var expected = $"{version}.{group}";
        if (name != expected)
        {
            yield return FieldError.Invalid("metadata.name", name, $"must be `spec.version+\".\"+spec.group`: \"{expected}\"");
        }

        foreach (var (field, limit) in new[] { ("groupPriorityMinimum", 20000), ("versionPriority", 1000) })
        {
            if (spec.Integer(field) is not { } value || value <= 0 || value > limit)
            {
                yield return FieldError.Invalid($"spec.{field}", spec.Integer(field) ?? 0, string.Create(CultureInfo.InvariantCulture, $"must be positive and less than {limit}"));
            }
        }
    }
}
