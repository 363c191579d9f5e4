using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;

namespace Flotilla.Api.Quotas;

/// <summary>How pods count: their number, what they request and what they are limited to.</summary>
public static class PodUsage
{
    private static readonly string[] Compute = ["cpu", "memory", "ephemeral-storage"];

    // Quotas of these demand that every container names an amount.
    private static readonly string[] Demanded = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

    public static bool Covers(string name) =>
        name is "pods" or "count/pods"
        || Compute.Contains(name)
        || name.StartsWith("hugepages-", StringComparison.Ordinal)
        || (name.StartsWith("limits.", StringComparison.Ordinal) && Compute.Contains(name["limits.".Length..]))
        || (name.StartsWith("requests.", StringComparison.Ordinal) && IsRequest(name["requests.".Length..]));

    public static AmountMap Of(JsonObject pod, DateTimeOffset now)
    {
        var used = new AmountMap { ["count/pods"] = Quantity.FromUnits(1) };
        if (IsOver(pod, now))
        {
            return used;
        }

        var spec = pod.Object("spec") ?? [];
        used["pods"] = Quantity.FromUnits(1);
        Add(used, PodAmounts.Of(spec, "requests"), PodAmounts.Of(spec, "limits"));
        return used;
    }

    /// <summary>What containers leave out that the quota demands, as clients are told; null: nothing.</summary>
    public static string? Missing(JsonObject pod, IEnumerable<string> quotaNames)
    {
        var spec = pod.Object("spec") ?? [];
        var named = spec.Object("resources");
        var containers = spec.Objects("containers").Concat(spec.Objects("initContainers")).ToList();
        var missing = quotaNames.Where(Demanded.Contains).Order(StringComparer.Ordinal)
            .Where(name => named is null || !Names(named, name))
            .Select(name => (Name: name, Lacking: containers.Where(container => !Names(container.Object("resources"), name)).Select(container => container.String("name")).Order(StringComparer.Ordinal).ToList()))
            .Where(entry => entry.Lacking.Count > 0)
            .Select(entry => $"{entry.Name} for: {string.Join(',', entry.Lacking)}")
            .ToList();
        return missing.Count == 0 ? null : $"must specify {string.Join("; ", missing)}";
    }

    private static bool Names(JsonObject? resources, string name)
    {
        var at = name.IndexOf('.', StringComparison.Ordinal);
        var (field, resource) = at < 0 ? ("requests", name) : (name[..at], name[(at + 1)..]);
        return resources.Object(field)?[resource] is not null;
    }

    private static void Add(AmountMap used, AmountMap requests, AmountMap limits)
    {
        foreach (var (name, amount) in requests)
        {
            if (Compute.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                used[name] = amount;
            }

            used[$"requests.{name}"] = amount;
        }

        foreach (var (name, amount) in limits.Where(pair => Compute.Contains(pair.Key)))
        {
            used[$"limits.{name}"] = amount;
        }
    }

    private static bool IsRequest(string name) =>
        Compute.Contains(name) || name.StartsWith("hugepages-", StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal);

    // What has ended, or should have by now, takes nothing any more.
    private static bool IsOver(JsonObject pod, DateTimeOffset now) =>
        pod.Object("status").String("phase") is "Succeeded" or "Failed"
        || (Times.Parse(pod.Object("metadata").String("deletionTimestamp")) is { } ends && pod.Object("metadata").Integer("deletionGracePeriodSeconds") is not null && now > ends);
}
