using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Storage;

/// <summary>Classes of storage: how volumes are made, and what may be changed about them later.</summary>
internal static class ClassRules
{
    private const int MostParameters = 512;
    private const int LargestParameters = 256 * 1024;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old) => old is null
        ? CheckName(item, "provisioner")
            .Concat(CheckParameters(item.Object("parameters"), allowsEmpty: true))
            .Concat(FieldRules.RequiredOneOf(item, "reclaimPolicy", "", "Delete", "Retain"))
            .Concat(FieldRules.RequiredOneOf(item, "volumeBindingMode", "", "Immediate", "WaitForFirstConsumer"))
            .Concat(CheckTopologies(item))
        : new[] { "parameters", "provisioner", "reclaimPolicy" }.Where(field => !item[field].SameAs(old[field])).Select(field => FieldError.Forbidden(field, $"updates to {field} are forbidden."))
            .Concat(FieldRules.Unchanged(item["volumeBindingMode"], old["volumeBindingMode"], "volumeBindingMode")).Concat(CheckTopologies(item));

    public static IEnumerable<FieldError> CheckAttributes(JsonObject item, JsonObject? old) => old is null
        ? CheckName(item, "driverName").Concat(CheckParameters(item.Object("parameters"), allowsEmpty: false))
        : FieldRules.Unchanged(item["driverName"], old["driverName"], "driverName").Concat(item["parameters"].SameAs(old["parameters"]) ? [] : [FieldError.Forbidden("parameters", "updates to parameters are forbidden.")]);

    private static IEnumerable<FieldError> CheckName(JsonObject item, string field) => item.String(field) is { Length: > 0 } name
        ? Names.CheckLabelKey(name.ToLowerInvariant()) is { } wrong ? [FieldError.Invalid(field, name, wrong)] : []
        : [FieldError.Required(field)];

    private static IEnumerable<FieldError> CheckParameters(JsonObject? parameters, bool allowsEmpty)
    {
        if (parameters is not { Count: > 0 })
        {
            return allowsEmpty ? [] : [FieldError.Required("parameters", "must contain at least one key/value pair")];
        }

        if (parameters.Count > MostParameters)
        {
            return [FieldError.TooLong("parameters", MostParameters)];
        }

        var size = parameters.Sum(pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value.AsString() ?? ""));
        return (parameters.ContainsKey("") ? [FieldError.Invalid("parameters", "", "field can not be empty.")] : Array.Empty<FieldError>())
            .Concat(size > LargestParameters ? [FieldError.TooLong("parameters", LargestParameters)] : []);
    }

    private static IEnumerable<FieldError> CheckTopologies(JsonObject item) => FieldRules.Each(item, "allowedTopologies", "", (term, at) =>
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(term, "matchLabelExpressions", at, (expression, place) => CheckExpression(expression, place)
            .Concat(keys.Add(expression.String("key") ?? "") ? [] : [FieldError.Duplicate($"{place}.key", expression.String("key") ?? "")]));
    });

    private static IEnumerable<FieldError> CheckExpression(JsonObject expression, string path)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        return (expression.Array("values") is { Count: > 0 } ? [] : new[] { FieldError.Required($"{path}.values") })
            .Concat(FieldRules.EachText(expression, "values", path, (value, at) => values.Add(value) ? [] : [FieldError.Duplicate(at, value)]))
            .Concat(FieldRules.Text(expression.String("key") ?? "", $"{path}.key", Names.CheckLabelKey));
    }
}
