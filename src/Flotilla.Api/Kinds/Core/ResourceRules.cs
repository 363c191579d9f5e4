using System.Numerics;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Requests and limits, of containers and of whole pods.</summary>
internal static class ResourceRules
{
    private static readonly HashSet<string> ContainerNames = new(StringComparer.Ordinal) { "cpu", "memory", "ephemeral-storage" };

    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods",
        "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports", "services.loadbalancers",
    };

    private static readonly HashSet<string> Whole = new(StringComparer.Ordinal)
    {
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    };

    public static IEnumerable<FieldError> CheckContainer(JsonObject? resources, string path, IReadOnlySet<string> claims) => Check(resources, path, CheckContainerName, claims);

    public static IEnumerable<FieldError> CheckPod(JsonObject? resources, string path) => Check(resources, path, CheckPodName, new HashSet<string>());

    /// <summary>A resource some kind of object counts or measures: known, or with the domain of who defines it.</summary>
    public static IEnumerable<FieldError> CheckName(string name, string path) =>
        Names.CheckLabelKey(name) is { } wrong ? [FieldError.Invalid(path, name, wrong)]
            : name.Contains('/', StringComparison.Ordinal) || Standard.Contains(name) || IsHugePage(name) ? []
            : [FieldError.Invalid(path, name, "must be a standard resource type or fully qualified")];

    public static IEnumerable<FieldError> CheckContainerName(string name, string path)
    {
        var errors = CheckName(name, path);
        return name.Contains('/', StringComparison.Ordinal)
            ? errors.Concat(IsNative(name) || IsExtended(name) ? [] : [FieldError.Invalid(path, name, "doesn't follow extended resource name standard")])
            : errors.Concat(ContainerNames.Contains(name) || IsHugePage(name) ? [] : [FieldError.Invalid(path, name, "must be a standard resource for containers")]);
    }

    /// <summary>Not below zero, and a whole number where things are counted.</summary>
    public static IEnumerable<FieldError> CheckAmount(string name, JsonNode? amount, string path)
    {
        foreach (var error in FieldRules.NonNegativeAmount(amount, path))
        {
            yield return error;
        }

        if ((Whole.Contains(name) || IsExtended(name)) && FieldRules.Amount(amount) is { } value && value.MilliValue % 1000 != BigInteger.Zero)
        {
            yield return FieldError.Invalid(path, value.ToString(), "must be an integer");
        }
    }

    public static bool IsHugePage(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);

    /// <summary>What cannot be promised to more than one owner at once.</summary>
    public static bool IsOvercommitAllowed(string name) => IsNative(name) && !IsHugePage(name);

    /// <summary>A vendor's: with a domain that is not the project's own, short enough to stand behind "requests.".</summary>
    public static bool IsExtended(string name) => !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal) && Names.CheckLabelKey("requests." + name) is null;

    private static bool IsNative(string name) => !name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static IEnumerable<FieldError> CheckPodName(string name, string path)
    {
        var errors = CheckName(name, path).ToList();
        return errors.Count > 0 || name is "cpu" or "memory" || IsHugePage(name) ? errors : [FieldError.NotSupported(path, name, ["cpu", "hugepages-", "memory"])];
    }

    private static IEnumerable<FieldError> Check(JsonObject? resources, string path, Func<string, string, IEnumerable<FieldError>> checkName, IReadOnlySet<string> claims)
    {
        var (limits, requests) = (Sorted(resources, "limits"), Sorted(resources, "requests"));
        foreach (var error in limits.SelectMany(limit => CheckOne(limit.Key, limit.Value, $"{path}.limits[{limit.Key}]", checkName)))
        {
            yield return error;
        }

        foreach (var (name, amount) in requests)
        {
            var at = $"{path}.requests[{name}]";
            foreach (var error in checkName(name, at).Concat(CheckAmount(name, amount, at)).Concat(AgainstLimit(name, amount, resources.Object("limits")?[name], path)).Concat(CheckPages(name, amount, at)))
            {
                yield return error;
            }
        }

        var names = limits.Concat(requests).Select(pair => pair.Key).ToList();
        if (names.Exists(IsHugePage) && !names.Exists(name => name is "cpu" or "memory"))
        {
            yield return FieldError.Forbidden(path, "HugePages require cpu or memory");
        }

        foreach (var error in CheckClaims(resources, $"{path}.claims", claims))
        {
            yield return error;
        }
    }

    private static List<KeyValuePair<string, JsonNode?>> Sorted(JsonObject? resources, string field) => [.. (resources.Object(field) ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal)];

    private static IEnumerable<FieldError> CheckOne(string name, JsonNode? amount, string path, Func<string, string, IEnumerable<FieldError>> checkName) =>
        checkName(name, path).Concat(CheckAmount(name, amount, path)).Concat(CheckPages(name, amount, path));

    private static IEnumerable<FieldError> AgainstLimit(string name, JsonNode? amount, JsonNode? limit, string path)
    {
        if (limit is null)
        {
            return IsOvercommitAllowed(name) ? [] : [FieldError.Required($"{path}.limits", "Limit must be set for non overcommitable resources")];
        }

        if (FieldRules.Amount(amount) is not { } wanted || FieldRules.Amount(limit) is not { } highest)
        {
            return [];
        }

        return wanted != highest && !IsOvercommitAllowed(name) ? [FieldError.Invalid($"{path}.requests", wanted.ToString(), $"must be equal to {name} limit of {highest}")]
            : wanted > highest ? [FieldError.Invalid($"{path}.requests", wanted.ToString(), $"must be less than or equal to {name} limit of {highest}")]
            : [];
    }

    private static IEnumerable<FieldError> CheckPages(string name, JsonNode? amount, string path)
    {
        if (IsHugePage(name) && FieldRules.Amount(amount) is { } value && Quantity.TryParse(name["hugepages-".Length..], out var page, out _) && page.Sign > 0 && value.MilliValue % page.MilliValue != BigInteger.Zero)
        {
            yield return FieldError.Invalid(path, value.ToString(), $"{value} is not positive integer multiple of {name}") with { Ratchet = Ratchet.HugePages };
        }
    }

    private static IEnumerable<FieldError> CheckClaims(JsonObject? resources, string path, IReadOnlySet<string> known)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (claim, i) in resources.Objects("claims").Select((claim, i) => (claim, i)))
        {
            var (at, name, request) = (FieldRules.Indexed(path, i), claim.String("name") ?? "", claim.String("request") ?? "");
            if (name.Length == 0)
            {
                yield return FieldError.Required(at);
                continue;
            }

            foreach (var error in CheckClaim(name, request, at, seen))
            {
                yield return error;
            }

            if (!known.Contains(name))
            {
                var error = FieldError.NotFound(at, name);
                var others = known.Count == 0 ? " which is empty" : ": " + string.Join(", ", known.Order(StringComparer.Ordinal));
                yield return error with { Body = $"{error.Body}: must be one of the names in pod.spec.resourceClaims{others}" };
            }
        }
    }

    // A claim is asked for as a whole or request by request, each once.
    private static IEnumerable<FieldError> CheckClaim(string name, string request, string path, HashSet<string> seen)
    {
        if (seen.Contains(name))
        {
            return [FieldError.Duplicate(path, name)];
        }

        var key = request.Length == 0 ? name : $"{name}/{request}";
        var errors = request.Length == 0 ? seen.Where(other => other.StartsWith(name + "/", StringComparison.Ordinal)).Select(_ => FieldError.Duplicate(path, name)).ToList()
            : [.. FieldRules.Text(request, $"{path}.request", Names.CheckLabel), .. seen.Contains(key) ? [FieldError.Duplicate(path, key)] : Array.Empty<FieldError>()];
        seen.Add(key);
        return errors;
    }
}
