using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.FlowControl;

/// <summary>What a PriorityLevelConfiguration must be. Pure.</summary>
internal static class PriorityLevelRules
{
    private const long MaxQueues = 10_000_000;

    // A flow's hand is dealt from one 64-bit hash.
    private const int MaxEntropyBits = 60;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        var errors = FieldRules.RequiredOneOf(spec, "type", "spec", "Exempt", "Limited");
        return spec.String("type") switch
        {
            "Limited" => errors.Concat(CheckLimitedType(spec!)),
            "Exempt" => errors.Concat(CheckExemptType(spec!)),
            _ => errors,
        };
    }

    private static IEnumerable<FieldError> CheckExemptType(JsonObject spec)
    {
        if (spec.Object("limited") is not null)
        {
            yield return FieldError.Forbidden("spec.limited", "must be nil if the type is not Limited");
        }

        foreach (var error in CheckShares(spec.Object("exempt"), "spec.exempt"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckLimitedType(JsonObject spec)
    {
        if (spec.Object("exempt") is not null)
        {
            yield return FieldError.Forbidden("spec.exempt", "must be nil if the type is Limited");
        }

        if (spec.Object("limited") is not { } limited)
        {
            yield return FieldError.Required("spec.limited", "must not be empty when type is Limited");
            yield break;
        }

        if (limited.Integer("borrowingLimitPercent") is < 0 and var borrowing)
        {
            yield return FieldError.Invalid("spec.limited.borrowingLimitPercent", borrowing, "if specified, must be a non-negative integer");
        }

        foreach (var error in CheckShares(limited, "spec.limited").Concat(CheckResponse(limited.Object("limitResponse") ?? [])))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckShares(JsonObject? owner, string path)
    {
        if (owner.Integer("nominalConcurrencyShares") is < 0 and var shares)
        {
            yield return FieldError.Invalid($"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer");
        }

        if (owner.Integer("lendablePercent") is < 0 or > 100)
        {
            yield return FieldError.Invalid($"{path}.lendablePercent", owner.Integer("lendablePercent"), "must be between 0 and 100, inclusive");
        }
    }

    private static IEnumerable<FieldError> CheckResponse(JsonObject response)
    {
        const string path = "spec.limited.limitResponse";
        var queuing = response.Object("queuing");
        return response.String("type") switch
        {
            "Reject" when queuing is not null => [FieldError.Forbidden($"{path}.queuing", "must be nil if limited.limitResponse.type is not Limited")],
            "Queue" when queuing is null => [FieldError.Required($"{path}.queuing", "must not be empty if limited.limitResponse.type is Limited")],
            "Queue" => CheckQueuing(queuing!, $"{path}.queuing"),
            "Reject" => [],
            var other => [FieldError.NotSupported($"{path}.type", other ?? "", ["Queue", "Reject"])],
        };
    }

    private static IEnumerable<FieldError> CheckQueuing(JsonObject queuing, string path)
    {
        var (queues, hand) = (queuing.Integer("queues") ?? 0, queuing.Integer("handSize") ?? 0);
        if (queuing.Integer("queueLengthLimit") is null or <= 0)
        {
            yield return FieldError.Invalid($"{path}.queueLengthLimit", queuing.Integer("queueLengthLimit") ?? 0, "must be positive");
        }

        if (queues <= 0)
        {
            yield return FieldError.Invalid($"{path}.queues", queues, "must be positive");
        }
        else if (queues > MaxQueues)
        {
            yield return FieldError.Invalid($"{path}.queues", queues, string.Create(CultureInfo.InvariantCulture, $"must not be greater than {MaxQueues}"));
        }

        if (hand <= 0)
        {
            yield return FieldError.Invalid($"{path}.handSize", hand, "must be positive");
        }
        else if (hand > queues)
        {
            yield return FieldError.Invalid($"{path}.handSize", hand, string.Create(CultureInfo.InvariantCulture, $"should not be greater than queues ({queues})"));
        }
        else if (Math.Ceiling(Math.Log2(queues) * hand) > MaxEntropyBits)
        {
            yield return FieldError.Invalid($"{path}.handSize", hand, string.Create(CultureInfo.InvariantCulture, $"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {MaxEntropyBits}"));
        }
    }
}
