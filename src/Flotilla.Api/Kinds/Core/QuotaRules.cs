using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>ResourceQuota and LimitRange.</summary>
internal static class QuotaRules
{
    /// <summary>For containers: an absent default is the maximum, an absent default request the default, else the minimum.</summary>
    public static void DefaultLimitRange(JsonObject item)
    {
        foreach (var limit in item.Object("spec").Objects("limits").Where(limit => limit.String("type") == "Container"))
        {
            Fill(limit, "default", "max");
            Fill(limit, "defaultRequest", "default");
            Fill(limit, "defaultRequest", "min");
        }
    }

    public static IEnumerable<FieldError> CheckQuota(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        foreach (var (name, amount) in (spec.Object("hard") ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var path = $"spec.hard[{name}]";
            if (Names.CheckLabelKey(name) is { } wrong)
            {
                yield return FieldError.Invalid(path, name, wrong);
            }

            foreach (var error in FieldRules.NonNegativeAmount(amount, path).Concat(Whole(name, amount, path)))
            {
                yield return error;
            }
        }

        if (old is not null)
        {
            foreach (var error in FieldRules.Unchanged(spec?["scopes"], old.Object("spec")?["scopes"], "spec.scopes"))
            {
                yield return error;
            }
        }
    }

    public static IEnumerable<FieldError> CheckLimitRange(JsonObject item, JsonObject? old)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (limit, i) in item.Object("spec").Objects("limits").Select((limit, i) => (limit, i)))
        {
            var path = FieldRules.Indexed("spec.limits", i);
            var type = limit.String("type") ?? "";
            if (!types.Add(type))
            {
                yield return FieldError.Duplicate($"{path}.type", type);
            }

            if (type == "Pod")
            {
                foreach (var field in new[] { "default", "defaultRequest" }.Where(field => limit.Object(field) is { Count: > 0 }))
                {
                    yield return FieldError.Forbidden($"{path}.{field}", "may not be specified when `type` is 'Pod'");
                }
            }

            if (type == "PersistentVolumeClaim" && limit.Object("min")?["storage"] is null && limit.Object("max")?["storage"] is null)
            {
                yield return FieldError.Required($"{path}.limits", "either minimum or maximum storage value is required, but neither was provided");
            }

            foreach (var error in CheckAmounts(limit, path))
            {
                yield return error;
            }
        }
    }

    /// <summary>What is used of each hard limit, as kubectl shows it: <c>pods: 1/4</c>.</summary>
    public static string Usage(JsonObject item, bool limits)
    {
        var status = item.Object("status");
        return string.Join(", ", (status.Object("hard") ?? [])
            .Where(pair => pair.Key.StartsWith("limits.", StringComparison.Ordinal) == limits)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}: {status.Object("used").String(pair.Key) ?? "0"}/{pair.Value.AsString()}"));
    }

    private static IEnumerable<FieldError> CheckAmounts(JsonObject limit, string path)
    {
        var names = new[] { "min", "max", "default", "defaultRequest", "maxLimitRequestRatio" }
            .SelectMany(field => limit.Object(field)?.Select(pair => pair.Key) ?? []).Distinct().Order(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var (min, max) = (FieldRules.Amount(limit.Object("min")?[name]), FieldRules.Amount(limit.Object("max")?[name]));
            var (value, request) = (FieldRules.Amount(limit.Object("default")?[name]), FieldRules.Amount(limit.Object("defaultRequest")?[name]));
            var ratio = FieldRules.Amount(limit.Object("maxLimitRequestRatio")?[name]);
            var errors = Exceeds(min, max, $"{path}.min[{name}]", "min", "max", min)
                .Concat(Exceeds(min, request, $"{path}.defaultRequest[{name}]", "min", "default request", request))
                .Concat(Exceeds(request, max, $"{path}.defaultRequest[{name}]", "default request", "max", request))
                .Concat(Exceeds(request, value, $"{path}.defaultRequest[{name}]", "default request", "default limit", request))
                .Concat(Exceeds(min, value, $"{path}.default[{name}]", "min", "default", min))
                .Concat(Exceeds(value, max, $"{path}.default[{name}]", "default", "max", value));
            foreach (var error in errors)
            {
                yield return error;
            }

            if (ratio is { } given && given < Quantity.FromUnits(1))
            {
                yield return FieldError.Invalid($"{path}.maxLimitRequestRatio[{name}]", given.ToString(), $"ratio {given} is less than 1");
            }
        }
    }

    private static IEnumerable<FieldError> Exceeds(Quantity? low, Quantity? high, string path, string lowName, string highName, Quantity? shown)
    {
        if (low is { } first && high is { } second && first > second)
        {
            yield return FieldError.Invalid(path, shown!.Value.ToString(), $"{lowName} value {first} is greater than {highName} value {second}");
        }
    }

    private static IEnumerable<FieldError> Whole(string name, JsonNode? amount, string path)
    {
        var counted = name.StartsWith("count/", StringComparison.Ordinal) || !name.Contains('.', StringComparison.Ordinal) && name is not ("cpu" or "memory" or "storage" or "ephemeral-storage")
            || name is "services.loadbalancers" or "services.nodeports";
        if (counted && !name.StartsWith("hugepages-", StringComparison.Ordinal) && FieldRules.Amount(amount) is { } value && Quantity.Parse(value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)) != value)
        {
            yield return FieldError.Invalid(path, value.ToString(), "must be an integer");
        }
    }

    private static void Fill(JsonObject limit, string target, string source)
    {
        foreach (var (name, amount) in limit.Object(source) ?? [])
        {
            limit.Child(target).Default(name, amount?.DeepClone());
        }
    }
}
