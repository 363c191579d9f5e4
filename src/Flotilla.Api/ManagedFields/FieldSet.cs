using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.ManagedFields;

/// <summary>
/// A set of field paths as a tree. A path is a chain of elements in their written form:
/// <c>f:name</c> (field), <c>k:{"key":..}</c> (list element by keys), <c>v:..</c> (set element), <c>i:0</c> (index).
/// </summary>
public sealed class FieldSet
{
    private static readonly SortedList<string, FieldSet> None = new(StringComparer.Ordinal);

    // Most sets are leaves, and those that are not have few children.
    private SortedList<string, FieldSet>? children;

    public IReadOnlyDictionary<string, FieldSet> Children => Below;

    /// <summary>This very path is in the set, not only paths below it.</summary>
    public bool IsMember { get; set; }

    public bool IsEmpty => !IsMember && Below.Count == 0;

    private SortedList<string, FieldSet> Below => children ?? None;

    public FieldSet Child(string element)
    {
        if (!Below.TryGetValue(element, out var child))
        {
            Set(element, child = new FieldSet());
        }

        return child;
    }

    public void Remove(string element) => children?.Remove(element);

    public FieldSet Copy()
    {
        var copy = new FieldSet { IsMember = IsMember };
        foreach (var (element, child) in Below)
        {
            copy.Set(element, child.Copy());
        }

        return copy;
    }

    public void UnionWith(FieldSet other)
    {
        IsMember |= other.IsMember;
        foreach (var (element, child) in other.Below)
        {
            if (Below.TryGetValue(element, out var mine))
            {
                mine.UnionWith(child);
            }
            else
            {
                Set(element, child.Copy());
            }
        }
    }

    /// <summary>Removes exactly the paths of <paramref name="other"/>; paths below them stay.</summary>
    public void ExceptWith(FieldSet other)
    {
        if (other.IsMember)
        {
            IsMember = false;
        }

        if (children is null)
        {
            return;
        }

        foreach (var (element, child) in other.Below)
        {
            if (children.TryGetValue(element, out var mine))
            {
                mine.ExceptWith(child);
                if (mine.IsEmpty)
                {
                    children.Remove(element);
                }
            }
        }
    }

    /// <summary>Whether the written set has any of these paths.</summary>
    public bool Meets(JsonObject? json)
    {
        foreach (var (element, child) in Below)
        {
            if (json is not null && json.TryGetPropertyValue(element, out var node))
            {
                var there = node as JsonObject;
                if ((child.IsMember && IsMemberOf(there)) || child.Meets(there))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Removes the paths of <paramref name="other"/> and everything below them.</summary>
    public void ExceptTreesOf(FieldSet other)
    {
        foreach (var (element, child) in other.Below)
        {
            if (!Below.TryGetValue(element, out var mine))
            {
                continue;
            }

            if (child.IsMember)
            {
                Remove(element);
                continue;
            }

            mine.ExceptTreesOf(child);
            if (mine.IsEmpty)
            {
                Remove(element);
            }
        }
    }

    public FieldSet Intersect(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (element, child) in Below)
        {
            if (other.Below.TryGetValue(element, out var theirs) && child.Intersect(theirs) is { IsEmpty: false } common)
            {
                result.Set(element, common);
            }
        }

        return result;
    }

    public bool Contains(ReadOnlySpan<string> path)
    {
        var at = this;
        foreach (var element in path)
        {
            if (!at.Below.TryGetValue(element, out at!))
            {
                return false;
            }
        }

        return at.IsMember;
    }

    /// <summary>All member paths, parents before children.</summary>
    public IEnumerable<string[]> Paths() => Paths([]);

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (IsMember && Below.Count > 0)
        {
            json["."] = new JsonObject();
        }

        foreach (var (element, child) in Below)
        {
            json[element] = child.ToJson();
        }

        return json;
    }

    public static FieldSet FromJson(JsonObject? json, bool root = true)
    {
        var set = new FieldSet { IsMember = !root && IsMemberOf(json) };
        if (json is { Count: > 0 })
        {
            foreach (var (element, child) in json)
            {
                if (element != ".")
                {
                    set.Set(Canonical(element), FromJson(child as JsonObject, root: false));
                }
            }
        }

        return set;
    }

    // A path that has none below it is in the set; one that has says so.
    private static bool IsMemberOf(JsonObject? json) => json is null || json.Count == 0 || json.ContainsKey(".");

    private static string Canonical(string element) =>
        element.StartsWith("k:", StringComparison.Ordinal) && !HasOneName(element) && JsonNode.Parse(element[2..]) is JsonObject keys
            ? ElementOf(keys.Select(pair => (pair.Key, pair.Value)))
            : element;

    // Nearly all elements have one key that is a name, and can be written in one way only.
    private static bool HasOneName(string element) =>
        element.StartsWith("k:{\"", StringComparison.Ordinal) && element.EndsWith("\"}", StringComparison.Ordinal)
        && element.AsSpan(2, element.Length - 4).Count('"') == 3
        && element.AsSpan(2).IndexOf("\":\"", StringComparison.Ordinal) > 0
        && element.AsSpan(2).IndexOfAnyExcept(PlainLetters) < 0;

    /// <summary>Whether JSON writes a text as it is.</summary>
    internal static bool IsPlain(string text) => text.AsSpan().IndexOfAnyExcept(NameLetters) < 0;

    /// <summary>The written form of a list element's keys: sorted by name.</summary>
    public static string ElementOf(IEnumerable<(string Key, JsonNode? Value)> keys)
    {
        var text = new StringBuilder("k:{");
        foreach (var (key, value) in keys.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length > 3 ? ",\"" : "\"").Append(JsonEncodedText.Encode(key, Plain.Encoder)).Append("\":").Append(value?.ToJsonString(Plain) ?? "null");
        }

        return text.Append('}').ToString();
    }

    private void Set(string element, FieldSet child) => (children ??= new(StringComparer.Ordinal))[element] = child;

    private static readonly SearchValues<char> NameLetters = SearchValues.Create("-./_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    private static readonly SearchValues<char> PlainLetters = SearchValues.Create("{}\":-./_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    internal static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private IEnumerable<string[]> Paths(string[] prefix)
    {
        if (IsMember)
        {
            yield return prefix;
        }

        foreach (var (element, child) in Below)
        {
            foreach (var path in child.Paths([.. prefix, element]))
            {
                yield return path;
            }
        }
    }
}
