using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;

namespace Flotilla.Api.Validation;

/// <summary>Checks that many kinds share. Each yields nothing when the value is absent or fine.</summary>
public static partial class FieldRules
{
    public const string Immutable = "field is immutable";
    private const string PercentMessage = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

    public static IEnumerable<FieldError> NonNegative(JsonNode? owner, string name, string path) =>
        owner.Integer(name) is < 0 and var value ? [FieldError.Invalid(At(path, name), JsonValue.Create(value), "must be greater than or equal to 0")] : [];

    public static IEnumerable<FieldError> Positive(JsonNode? owner, string name, string path) =>
        owner.Integer(name) is <= 0 and var value ? [FieldError.Invalid(At(path, name), JsonValue.Create(value), "must be greater than 0")] : [];

    public static IEnumerable<FieldError> OneOf(JsonNode? owner, string name, string path, params string[] supported) =>
        owner.String(name) is { Length: > 0 } value && !supported.Contains(value) ? [FieldError.NotSupported(At(path, name), JsonValue.Create(value), supported)] : [];

    public static IEnumerable<FieldError> RequiredOneOf(JsonNode? owner, string name, string path, params string[] supported) =>
        string.IsNullOrEmpty(owner.String(name)) ? [FieldError.Required(At(path, name))] : OneOf(owner, name, path, supported);

    public static IEnumerable<FieldError> Required(JsonNode? owner, string name, string path, string detail = "") =>
        owner is not JsonObject fields || fields[name] is not { } value || value.AsString() is { Length: 0 } ? [FieldError.Required(At(path, name), detail)] : [];

    public static IEnumerable<FieldError> Port(long port, string path) =>
        port is < 1 or > 65535 ? [FieldError.Invalid(path, JsonValue.Create(port), "must be between 1 and 65535, inclusive")] : [];

    /// <summary>A port by number or by name.</summary>
    public static IEnumerable<FieldError> PortOrName(JsonNode? value, string path) =>
        value.AsString() is { } name
            ? Names.CheckPortName(name).Select(message => FieldError.Invalid(path, name, message))
            : Port(value.AsInteger() ?? 0, path);

    /// <summary>A count or a percentage, at least zero; percentages stay within 100 when <paramref name="limited"/>.</summary>
    public static IEnumerable<FieldError> CountOrPercent(JsonNode? value, string path, bool limited = false)
    {
        if (value.AsString() is { } text)
        {
            if (!Percent().IsMatch(text))
            {
                yield return FieldError.Invalid(path, text, PercentMessage);
            }
            else if (limited && PercentOf(text) > 100)
            {
                yield return FieldError.Invalid(path, text, "must not be greater than 100%");
            }
        }
        else if (value.AsInteger() is < 0 and var number)
        {
            yield return FieldError.Invalid(path, JsonValue.Create(number), "must be greater than or equal to 0");
        }
    }

    public static bool IsZero(JsonNode? value) => value.AsString() is { } text ? PercentOf(text) == 0 : value.AsInteger() == 0;

    public static IEnumerable<FieldError> Unchanged(JsonNode? value, JsonNode? old, string path, string detail = Immutable) =>
        value.SameAs(old) ? [] : [FieldError.Invalid(path, value, detail)];

    public static IEnumerable<FieldError> Address(string? text, string path)
    {
        if (!IsAddress(text))
        {
            yield return FieldError.Invalid(path, text ?? "", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)") with { Ratchet = $"address {text}" };
        }
    }

    public static bool IsAddress(string? text) =>
        IPAddress.TryParse(text, out var address) && (text!.Contains(':', StringComparison.Ordinal) || (text.Count(c => c == '.') == 3 && address.ToString() == text));

    /// <summary>A network in slash notation, e.g. 10.0.0.0/8.</summary>
    public static IEnumerable<FieldError> Network(string? text, string path)
    {
        var parts = (text ?? "").Split('/');
        if (parts.Length != 2 || !IsAddress(parts[0]) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > (parts[0].Contains(':', StringComparison.Ordinal) ? 128 : 32))
        {
            yield return FieldError.Invalid(path, text ?? "", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)") with { Ratchet = $"network {text}" };
        }
    }

    public static Quantity? Amount(JsonNode? value) => value.AsString() is { } text && Quantity.TryParse(text, out var quantity, out _) ? quantity : null;

    public static IEnumerable<FieldError> NonNegativeAmount(JsonNode? value, string path) =>
        Amount(value) is { Sign: < 0 } amount ? [FieldError.Invalid(path, amount.ToString(), "must be greater than or equal to 0")] : [];

    public static IEnumerable<FieldError> LabelMap(JsonNode? labels, string path)
    {
        if (labels is not JsonObject { Count: > 0 } map)
        {
            return [];
        }

        var errors = new List<FieldError>();
        foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckLabelKey(key) is { } wrongKey)
            {
                errors.Add(FieldError.Invalid(path, key, wrongKey));
            }

            if (value.AsString() is { } text && Names.CheckLabelValue(text) is { } wrongValue)
            {
                errors.Add(FieldError.Invalid(path, text, wrongValue));
            }
        }

        return errors;
    }

    public static IEnumerable<FieldError> Selector(JsonObject? selector, string path)
    {
        if (selector is null)
        {
            return [];
        }

        return LabelMap(selector.Object("matchLabels"), $"{path}.matchLabels")
            .Concat(selector.Objects("matchExpressions").SelectMany((requirement, i) => Requirement(requirement, Indexed($"{path}.matchExpressions", i))));
    }

    /// <summary>Checks every object of a list, each under its own path.</summary>
    public static IEnumerable<FieldError> Each(JsonNode? owner, string list, string path, Func<JsonObject, string, IEnumerable<FieldError>> check) =>
        owner.Array(list) is { Count: > 0 } items ? [.. items.OfType<JsonObject>().SelectMany((item, i) => check(item, Indexed(At(path, list), i)))] : [];

    /// <summary>Checks every text of a list, each under its own path.</summary>
    public static IEnumerable<FieldError> EachText(JsonNode? owner, string list, string path, Func<string, string, IEnumerable<FieldError>> check) =>
        owner.Array(list) is { Count: > 0 } items ? [.. items.SelectMany((item, i) => check(item.AsString() ?? "", Indexed(At(path, list), i)))] : [];

    /// <summary>A text that must please <paramref name="check"/>; absent and empty are fine.</summary>
    public static IEnumerable<FieldError> Named(JsonNode? owner, string name, string path, Func<string, string?> check) =>
        owner.String(name) is { Length: > 0 } text ? Text(text, At(path, name), check) : [];

    /// <summary>A text that must be there and please <paramref name="check"/>.</summary>
    public static IEnumerable<FieldError> RequiredName(JsonNode? owner, string name, string path, Func<string, string?> check, string detail = "") =>
        owner.String(name) is { Length: > 0 } text ? Text(text, At(path, name), check) : [FieldError.Required(At(path, name), detail)];

    public static IEnumerable<FieldError> Text(string text, string path, Func<string, string?> check) =>
        check(text) is { } wrong ? [FieldError.Invalid(path, text, wrong)] : [];

    public static IEnumerable<FieldError> Within(JsonNode? owner, string name, string path, long low, long high) =>
        owner.Integer(name) is { } value && (value < low || value > high)
            ? [FieldError.Invalid(At(path, name), value, string.Create(CultureInfo.InvariantCulture, $"must be between {low} and {high}, inclusive"))]
            : [];

    /// <summary>One error for each of the fields that is present.</summary>
    public static IEnumerable<FieldError> Absent(JsonNode? owner, string path, string detail, params string[] fields) => owner is null ? [] :
        fields.Where(field => owner is JsonObject given && given[field] is not (null or JsonArray { Count: 0 }))
            .Select(field => FieldError.Forbidden(At(path, field), detail));

    /// <summary>Nearly all rules find nothing wrong: what is known to be empty takes no part in the sequence.</summary>
    public static IEnumerable<FieldError> Concat(this IEnumerable<FieldError> errors, IEnumerable<FieldError> more) =>
        more is ICollection<FieldError> { Count: 0 } ? errors : errors is ICollection<FieldError> { Count: 0 } ? more : Enumerable.Concat(errors, more);

    /// <summary>The path of a field; those at the top have no parent.</summary>
    public static string At(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    public static string Indexed(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    private static IEnumerable<FieldError> Requirement(JsonObject requirement, string path)
    {
        var count = requirement.Array("values")?.Count ?? 0;
        switch (requirement.String("operator"))
        {
            case "In" or "NotIn":
                if (count == 0)
                {
                    yield return FieldError.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                }

                break;
            case "Exists" or "DoesNotExist":
                if (count > 0)
                {
                    yield return FieldError.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }

                break;
            case var other:
                yield return FieldError.Invalid($"{path}.operator", other ?? "", "not a valid selector operator");
                break;
        }

        if (Names.CheckLabelKey(requirement.String("key") ?? "") is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.key", requirement.String("key") ?? "", wrong);
        }

        foreach (var (value, i) in (requirement.Array("values") ?? []).Select((value, i) => (value.AsString() ?? "", i)))
        {
            if (Names.CheckLabelValue(value) is { } wrongValue)
            {
                yield return FieldError.Invalid(Indexed($"{path}.values", i), value, wrongValue) with { Ratchet = Ratchet.SelectorValues };
            }
        }
    }

    private static int PercentOf(string text) => int.TryParse(text.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex("^[0-9]+%$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Percent();
}
