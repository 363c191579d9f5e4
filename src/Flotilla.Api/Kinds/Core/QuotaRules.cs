using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>ResourceQuota and LimitRange.</summary>
internal static class QuotaRules
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers",
    };

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
        var spec = item.Object("spec") ?? [];
        return CheckAmounts(spec.Object("hard"), "spec.hard").Concat(QuotaScopeRules.Check(spec)).Concat(old is null ? [] : QuotaScopeRules.CheckUpdate(spec, old.Object("spec") ?? []));
    }

    public static IEnumerable<FieldError> CheckQuotaStatus(JsonObject item, JsonObject old) =>
        CheckAmounts(item.Object("status").Object("hard"), "status.hard").Concat(CheckAmounts(item.Object("status").Object("used"), "status.used"));

    public static IEnumerable<FieldError> CheckLimitRange(JsonObject item, JsonObject? old)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(item.Object("spec"), "limits", "spec", (limit, at) => LimitRules.Check(limit, at, types));
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

    private static IEnumerable<FieldError> CheckAmounts(JsonObject? amounts, string path) =>
        (amounts ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair =>
            CheckName(pair.Key, $"{path}[{pair.Key}]").Concat(ResourceRules.CheckAmount(pair.Key, pair.Value, $"{path}[{pair.Key}]")));

    private static IEnumerable<FieldError> CheckName(string name, string path) =>
        ResourceRules.CheckName(name, path).Concat(name.Contains('/', StringComparison.Ordinal) || IsCounted(name) ? [] : [FieldError.Invalid(path, name, "must be a standard resource for quota")]);

    private static bool IsCounted(string name) => Names.Contains(name) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal) || ResourceRules.IsHugePage(name);

    private static void Fill(JsonObject limit, string target, string source)
    {
        foreach (var (name, amount) in limit.Object(source) ?? [])
        {
            limit.Child(target).Default(name, amount?.DeepClone());
        }
    }
}
