using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>One limit of a range: smallest and largest amounts, and what stands for those that are not given.</summary>
internal static class LimitRules
{
    private static readonly string[] Lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    public static IEnumerable<FieldError> Check(JsonObject limit, string path, HashSet<string> types)
    {
        var type = limit.String("type") ?? "";
        var errors = CheckType(type, $"{path}.type").Concat(types.Add(type) ? [] : [FieldError.Duplicate($"{path}.type", type)])
            .Concat(Lists[..2].SelectMany(list => CheckNames(limit, list, path, type)))
            .Concat(type == "Pod" ? FieldRules.Absent(limit, path, "may not be specified when `type` is 'Pod'", Lists[2..4]) : Lists[2..4].SelectMany(list => CheckNames(limit, list, path, type)));
        if (type == "PersistentVolumeClaim" && limit.Object("min")?["storage"] is null && limit.Object("max")?["storage"] is null)
        {
            errors = errors.Append(FieldError.Required($"{path}.limits", "either minimum or maximum storage value is required, but neither was provided"));
        }

        var names = Lists.SelectMany(list => limit.Object(list)?.Select(pair => pair.Key) ?? []).Distinct().Order(StringComparer.Ordinal);
        return errors.Concat(CheckNames(limit, Lists[4], path, type)).Concat(names.SelectMany(name => CheckOne(limit, name, path)));
    }

    private static IEnumerable<FieldError> CheckType(string type, string path) =>
        Names.CheckLabelKey(type) is { } wrong ? [FieldError.Invalid(path, type, wrong)]
            : type.Contains('/', StringComparison.Ordinal) || type is "Pod" or "Container" or "PersistentVolumeClaim" ? []
            : [FieldError.Invalid(path, type, "must be a standard limit type or fully qualified")];

    private static IEnumerable<FieldError> CheckNames(JsonObject limit, string list, string path, string type) =>
        (limit.Object(list) ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => type is "Pod" or "Container"
            ? ResourceRules.CheckContainerName(pair.Key, $"{path}.{list}[{pair.Key}]") : ResourceRules.CheckName(pair.Key, $"{path}.{list}[{pair.Key}]"));

    private static IEnumerable<FieldError> CheckOne(JsonObject limit, string name, string path)
    {
        var (min, max) = (Amount(limit, "min", name), Amount(limit, "max", name));
        var (value, request) = (Amount(limit, "default", name), Amount(limit, "defaultRequest", name));
        return Exceeds(min, max, $"{path}.min[{name}]", "min", "max", min)
            .Concat(Exceeds(min, request, $"{path}.defaultRequest[{name}]", "min", "default request", request))
            .Concat(Exceeds(request, max, $"{path}.defaultRequest[{name}]", "default request", "max", request))
            .Concat(Exceeds(request, value, $"{path}.defaultRequest[{name}]", "default request", "default limit", request))
            .Concat(Exceeds(min, value, $"{path}.default[{name}]", "min", "default", min))
            .Concat(Exceeds(value, max, $"{path}.default[{name}]", "default", "max", max))
            .Concat(CheckRatio(Amount(limit, "maxLimitRequestRatio", name), min, max, $"{path}.maxLimitRequestRatio[{name}]"))
            .Concat(!ResourceRules.IsOvercommitAllowed(name) && value is { } whole && request is { } part && whole != part
                ? [FieldError.Invalid($"{path}.defaultRequest[{name}]", part.ToString(), $"default value {whole} must equal to defaultRequest value {part} in {name}")] : []);
    }

    private static Quantity? Amount(JsonObject limit, string list, string name) => FieldRules.Amount(limit.Object(list)?[name]);

    private static IEnumerable<FieldError> Exceeds(Quantity? low, Quantity? high, string path, string lowName, string highName, Quantity? shown)
    {
        if (low is { } first && high is { } second && first > second)
        {
            yield return FieldError.Invalid(path, shown!.Value.ToString(), $"{lowName} value {first} is greater than {highName} value {second}");
        }
    }

    private static IEnumerable<FieldError> CheckRatio(Quantity? ratio, Quantity? min, Quantity? max, string path)
    {
        if (ratio is not { } given)
        {
            yield break;
        }

        if (given < Quantity.FromUnits(1))
        {
            yield return FieldError.Invalid(path, given.ToString(), $"ratio {given} is less than 1");
        }

        if (min is { Sign: > 0 } low && max is { } high && (double)high.MilliValue / (double)low.MilliValue is var highest && (double)given.MilliValue / 1000 > highest)
        {
            yield return FieldError.Invalid(path, given.ToString(), string.Create(CultureInfo.InvariantCulture, $"ratio {given} is greater than max/min = {highest:F6}"));
        }
    }
}
