using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>Lists of limited length. One that is too long is not looked into: its size is the only thing told.</summary>
internal static class DeviceLists
{
    public static IEnumerable<FieldError> Each(JsonNode? owner, string list, string path, int most, Func<JsonObject, string, IEnumerable<FieldError>> check) =>
        TooMany(owner, list, path, most) is { } error ? [error] : FieldRules.Each(owner, list, path, check);

    /// <summary>Objects of which no two have the same <paramref name="key"/>.</summary>
    public static IEnumerable<FieldError> Set(JsonNode? owner, string list, string path, int most, string key, Func<JsonObject, string, IEnumerable<FieldError>> check)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return TooMany(owner, list, path, most) is { } error ? [error]
            : FieldRules.Each(owner, list, path, check).Concat(FieldRules.Each(owner, list, path, (item, at) => Once(item.String(key) ?? "", at, seen)));
    }

    public static IEnumerable<FieldError> Texts(JsonNode? owner, string list, string path, int most, Func<string, string, IEnumerable<FieldError>> check)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return TooMany(owner, list, path, most) is { } error ? [error]
            : FieldRules.EachText(owner, list, path, check).Concat(FieldRules.EachText(owner, list, path, (text, at) => Once(text, at, seen)));
    }

    /// <summary>A map from names to objects, told in the order of the names.</summary>
    public static IEnumerable<FieldError> Map(
        JsonObject owner, string map, string path, int most, Func<string, string, IEnumerable<FieldError>> checkName, Func<JsonNode?, string, IEnumerable<FieldError>> check)
    {
        var (items, at) = (owner.Object(map) ?? [], $"{path}.{map}");
        return items.Count > most
            ? [FieldError.TooMany(at, items.Count, most)]
            : items.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => checkName(pair.Key, at).Concat(check(pair.Value, $"{at}[{pair.Key}]")));
    }

    private static FieldError? TooMany(JsonNode? owner, string list, string path, int most) =>
        (owner as JsonObject).Array(list) is { } items && items.Count > most ? FieldError.TooMany($"{path}.{list}", items.Count, most) : null;

    private static IEnumerable<FieldError> Once(string key, string path, HashSet<string> seen) => seen.Add(key) ? [] : [FieldError.Duplicate(path, key)];
}
