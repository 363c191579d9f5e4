using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.ManagedFields;

/// <summary>
/// A set of field paths as a tree. A path is a chain of elements in their written form:
/// <c>f:name</c> (field), <c>k:{"key":..}</c> (list element by keys), <c>v:..</c> (set element), <c>i:0</c> (index).
/// </summary>
public sealed class FieldSet
{
    public SortedDictionary<string, FieldSet> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>This very path is in the set, not only paths below it.</summary>
    public bool IsMember { get; set; }

    public bool IsEmpty => !IsMember && Children.Count == 0;

    public FieldSet Child(string element)
    {
        if (!Children.TryGetValue(element, out var child))
        {
            Children.Add(element, child = new FieldSet());
        }

        return child;
    }

    public FieldSet Copy()
    {
        var copy = new FieldSet { IsMember = IsMember };
        foreach (var (element, child) in Children)
        {
            copy.Children.Add(element, child.Copy());
        }

        return copy;
    }

    public void UnionWith(FieldSet other)
    {
        IsMember |= other.IsMember;
        foreach (var (element, child) in other.Children)
        {
            if (Children.TryGetValue(element, out var mine))
            {
                mine.UnionWith(child);
            }
            else
            {
                Children.Add(element, child.Copy());
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

        foreach (var (element, child) in other.Children)
        {
            if (Children.TryGetValue(element, out var mine))
            {
                mine.ExceptWith(child);
                if (mine.IsEmpty)
                {
                    Children.Remove(element);
                }
            }
        }
    }

    /// <summary>Removes the paths of <paramref name="other"/> and everything below them.</summary>
    public void ExceptTreesOf(FieldSet other)
    {
        foreach (var (element, child) in other.Children)
        {
            if (!Children.TryGetValue(element, out var mine))
            {
                continue;
            }

            if (child.IsMember)
            {
                Children.Remove(element);
                continue;
            }

            mine.ExceptTreesOf(child);
            if (mine.IsEmpty)
            {
                Children.Remove(element);
            }
        }
    }

    public FieldSet Intersect(FieldSet other)
    {
        var result = new FieldSet { IsMember = IsMember && other.IsMember };
        foreach (var (element, child) in Children)
        {
            if (other.Children.TryGetValue(element, out var theirs) && child.Intersect(theirs) is { IsEmpty: false } common)
            {
                result.Children.Add(element, common);
            }
        }

        return result;
    }

    public bool Contains(ReadOnlySpan<string> path)
    {
        var at = this;
        foreach (var element in path)
        {
            if (!at.Children.TryGetValue(element, out at!))
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
        if (IsMember && Children.Count > 0)
        {
            json["."] = new JsonObject();
        }

        foreach (var (element, child) in Children)
        {
            json[element] = child.ToJson();
        }

        return json;
    }

    public static FieldSet FromJson(JsonObject? json, bool root = true)
    {
        var set = new FieldSet { IsMember = !root && (json is null || json.Count == 0 || json.ContainsKey(".")) };
        foreach (var (element, child) in json ?? [])
        {
            if (element != ".")
            {
                set.Children[Canonical(element)] = FromJson(child as JsonObject, root: false);
            }
        }

        return set;
    }

    private static string Canonical(string element) =>
        element.StartsWith("k:", StringComparison.Ordinal) && JsonNode.Parse(element[2..]) is JsonObject keys
            ? ElementOf(keys.Select(pair => (pair.Key, pair.Value)))
            : element;

    /// <summary>The written form of a list element's keys: sorted by name.</summary>
    public static string ElementOf(IEnumerable<(string Key, JsonNode? Value)> keys)
    {
        var ordered = new JsonObject(keys.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
        return "k:" + ordered.ToJsonString(Plain);
    }

    internal static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private IEnumerable<string[]> Paths(string[] prefix)
    {
        if (IsMember)
        {
            yield return prefix;
        }

        foreach (var (element, child) in Children)
        {
            foreach (var path in child.Paths([.. prefix, element]))
            {
                yield return path;
            }
        }
    }
}
