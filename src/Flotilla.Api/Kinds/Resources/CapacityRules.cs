using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>How much of a device's capacity one request may take: one of some values, or a range in steps.</summary>
internal static class CapacityRules
{
    private const int MostValues = 10;

    public static IEnumerable<FieldError> Check(JsonObject capacity, string path, bool isShared)
    {
        var (policy, at) = (capacity.Object("requestPolicy"), $"{path}.requestPolicy");
        if (policy is null || FieldRules.Amount(capacity["value"]) is not { } all)
        {
            return [];
        }

        var (values, range, preset) = (policy.Array("validValues"), policy.Object("validRange"), FieldRules.Amount(policy["default"]));
        return !isShared ? [FieldError.Forbidden(at, "allowMultipleAllocations must be true")]
            : values is { Count: > 0 } && range is not null ? [FieldError.Forbidden(at, "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time")]
            : values is { Count: > 0 } ? preset is { } chosen ? CheckValues(values, chosen, all, $"{at}.validValues") : [FieldError.Required($"{at}.default", "required when validValues is defined")]
            : range is null ? []
            : preset is { } start ? CheckRange(range, start, all, $"{at}.validRange") : [FieldError.Required($"{at}.default", "required when validRange is defined")];
    }

    private static IEnumerable<FieldError> CheckValues(JsonArray values, Quantity preset, Quantity all, string path)
    {
        if (values.Count > MostValues)
        {
            yield return FieldError.TooMany(path, values.Count, MostValues);
            yield break;
        }

        var amounts = values.Select(value => FieldRules.Amount(value)).OfType<Quantity>().ToList();
        for (var i = 1; i < amounts.Count; i++)
        {
            if (amounts[i - 1] > amounts[i])
            {
                yield return FieldError.Invalid(FieldRules.Indexed(path, i), amounts[i].ToString(), "values must be sorted in ascending order");
            }
        }

        for (var i = 0; i < amounts.Count; i++)
        {
            if (amounts[i] > all)
            {
                yield return FieldError.Invalid(FieldRules.Indexed(path, i), amounts[i].ToString(), $"option is larger than capacity value: {all}");
            }

            if (amounts.Take(i).Any(other => other.CompareTo(amounts[i]) == 0))
            {
                yield return FieldError.Duplicate(FieldRules.Indexed(path, i), amounts[i].ToString());
            }
        }

        if (amounts.All(amount => amount.CompareTo(preset) != 0))
        {
            yield return FieldError.Invalid(path, preset.ToString(), "default value is not valid according to the requestPolicy");
        }
    }

    private static IEnumerable<FieldError> CheckRange(JsonObject range, Quantity preset, Quantity all, string path)
    {
        if (FieldRules.Amount(range["min"]) is not { } low)
        {
            return [FieldError.Required($"{path}.min", "required when validRange is defined")];
        }

        var (high, step) = (FieldRules.Amount(range["max"]), FieldRules.Amount(range["step"]));
        return When(low > all, $"{path}.min", low, $"min is larger than capacity value: {all}")
            .Concat(When(preset < low, $"{path}.default", preset, $"default is less than min: {low}"))
            .Concat(high is not { } most ? [] : When(low > most, $"{path}.max", low, $"min is larger than max: {most}")
                .Concat(When(most > all, $"{path}.max", most, $"max is larger than capacity value: {all}"))
                .Concat(When(preset > most, $"{path}.default", preset, $"default is more than max: {most}")))
            .Concat(step is not { } size ? [] : CheckStep(size, low, high, preset, all, $"{path}.step"));
    }

    private static IEnumerable<FieldError> CheckStep(Quantity step, Quantity low, Quantity? high, Quantity preset, Quantity all, string path)
    {
        if (step.Sign <= 0)
        {
            return [FieldError.Invalid(path, step.ToString(), "must be greater than zero")];
        }

        var first = low + step;
        IEnumerable<Quantity> ends = high is { } most ? [preset, most] : [preset];
        return When(first > all, path, step, $"one step {first} is larger than capacity value: {all}")
            .Concat(ends.Where(end => (end.MilliValue - low.MilliValue) % step.MilliValue != 0)
                .Select(end => FieldError.Invalid(path, end.ToString(), $"value is not a multiple of a given step ({step}) from ({low})")));
    }

    private static IEnumerable<FieldError> When(bool wrong, string path, Quantity value, string detail) => wrong ? [FieldError.Invalid(path, value.ToString(), detail)] : [];
}
