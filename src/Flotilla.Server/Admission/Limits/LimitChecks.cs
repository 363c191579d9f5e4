using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;
using Flotilla.Api.Quotas;

namespace Flotilla.Server.Admission.Limits;

/// <summary>Minimum, maximum and ratio of requests and limits.</summary>
internal static class LimitChecks
{
    public static IEnumerable<string> Pod(JsonObject pod, JsonObject range)
    {
        var spec = pod.Object("spec") ?? [];
        foreach (var limit in range.Object("spec").Objects("limits"))
        {
            if (limit.String("type") == "Container")
            {
                foreach (var resources in spec.Objects("containers").Concat(spec.Objects("initContainers")).Select(container => container.Object("resources")))
                {
                    foreach (var error in Check(limit, Amounts(resources, "requests"), Amounts(resources, "limits")))
                    {
                        yield return error;
                    }
                }
            }
            else if (limit.String("type") == "Pod")
            {
                foreach (var error in Check(limit, PodAmounts.Of(spec, "requests"), PodAmounts.Of(spec, "limits")))
                {
                    yield return error;
                }
            }
        }
    }

    public static IEnumerable<string> Claim(JsonObject claim, JsonObject range)
    {
        var requests = Amounts(claim.Object("spec").Object("resources"), "requests");
        foreach (var limit in range.Object("spec").Objects("limits").Where(limit => limit.String("type") == "PersistentVolumeClaim"))
        {
            foreach (var (name, amount) in AmountMap.From(limit.Object("min")))
            {
                if (BelowMinimum(name, "PersistentVolumeClaim", amount, requests, []) is { } error)
                {
                    yield return error;
                }
            }

            foreach (var (name, amount) in AmountMap.From(limit.Object("max")))
            {
                if (!requests.TryGetValue(name, out var request))
                {
                    yield return $"maximum {name} usage per PersistentVolumeClaim is {amount}.  No request is specified";
                }
                else if (request > amount)
                {
                    yield return $"maximum {name} usage per PersistentVolumeClaim is {amount}, but request is {request}";
                }
            }
        }
    }

    private static IEnumerable<string> Check(JsonObject limit, AmountMap requests, AmountMap limits)
    {
        var type = limit.String("type")!;
        return AmountMap.From(limit.Object("min")).Select(pair => BelowMinimum(pair.Key, type, pair.Value, requests, limits))
            .Concat(AmountMap.From(limit.Object("max")).Select(pair => AboveMaximum(pair.Key, type, pair.Value, requests, limits)))
            .Concat(AmountMap.From(limit.Object("maxLimitRequestRatio")).Select(pair => AboveRatio(pair.Key, type, pair.Value, requests, limits)))
            .OfType<string>();
    }

    private static string? BelowMinimum(string name, string type, Quantity minimum, AmountMap requests, AmountMap limits)
    {
        var start = $"minimum {name} usage per {type} is {minimum}";
        return !requests.TryGetValue(name, out var request) ? $"{start}.  No request is specified"
            : request < minimum ? $"{start}, but request is {request}"
            : limits.TryGetValue(name, out var limit) && limit < minimum ? $"{start}, but limit is {limit}"
            : null;
    }

    private static string? AboveMaximum(string name, string type, Quantity maximum, AmountMap requests, AmountMap limits)
    {
        var start = $"maximum {name} usage per {type} is {maximum}";
        return !limits.TryGetValue(name, out var limit) ? $"{start}.  No limit is specified"
            : limit > maximum ? $"{start}, but limit is {limit}"
            : requests.TryGetValue(name, out var request) && request > maximum ? $"{start}, but request is {request}"
            : null;
    }

    private static string? AboveRatio(string name, string type, Quantity ratio, AmountMap requests, AmountMap limits)
    {
        var start = $"{name} max limit to request ratio per {type} is {ratio}";
        if (!requests.TryGetValue(name, out var request) || request.Sign == 0)
        {
            return $"{start}, but no request is specified or request is 0";
        }

        if (!limits.TryGetValue(name, out var limit) || limit.Sign == 0)
        {
            return $"{start}, but no limit is specified or limit is 0";
        }

        var observed = (double)limit.MilliValue / (double)request.MilliValue;
        return observed * 1000 > (double)ratio.MilliValue ? string.Create(CultureInfo.InvariantCulture, $"{start}, but provided ratio is {observed:F6}") : null;
    }

    private static AmountMap Amounts(JsonObject? resources, string field) => AmountMap.From(resources.Object(field));
}
