using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Docker;

/// <summary>The query <c>filters</c>: values of one key are alternatives, different keys must all match, and of labels each one.</summary>
public sealed class Filters
{
    private readonly Dictionary<string, IReadOnlyList<string>> values;

    private Filters(Dictionary<string, IReadOnlyList<string>> values) => this.values = values;

    public static Filters None { get; } = new([]);

    /// <summary>Reads <c>{"label":{"a=b":true}}</c> and the older <c>{"label":["a=b"]}</c>.</summary>
    /// <exception cref="DockerException">Malformed, or a key that is not <paramref name="known"/>.</exception>
    public static Filters Parse(string? text, params ReadOnlySpan<string> known)
    {
        if (string.IsNullOrEmpty(text))
        {
            return None;
        }

        JsonObject? all;
        try
        {
            all = JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            all = null;
        }

        var read = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (key, value) in all ?? throw DockerException.BadRequest("invalid filter"))
        {
            if (!known.Contains(key))
            {
                throw DockerException.BadRequest($"invalid filter '{key}'");
            }

            read[key] = value switch
            {
                JsonObject set => [.. set.Where(entry => entry.Value?.GetValueKind() == JsonValueKind.True).Select(entry => entry.Key)],
                JsonArray list => [.. list.Select(item => item?.ToString() ?? "")],
                _ => throw DockerException.BadRequest("invalid filter"),
            };
        }

        return new Filters(read);
    }

    public bool Has(string key) => values.TryGetValue(key, out var list) && list.Count > 0;

    public IReadOnlyList<string> this[string key] => values.GetValueOrDefault(key) ?? [];

    /// <summary>No such filter, or one that begins <paramref name="text"/>.</summary>
    public bool Begins(string key, string? text) => !Has(key) || this[key].Any(value => text?.StartsWith(value, StringComparison.Ordinal) == true);

    /// <summary>No such filter, or one that is one of <paramref name="words"/>.</summary>
    public bool Is(string key, params ReadOnlySpan<string?> words)
    {
        if (!Has(key))
        {
            return true;
        }

        foreach (var word in words)
        {
            if (word is not null && this[key].Contains(word, StringComparer.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The one value as true or false; null: there is no such filter.</summary>
    /// <exception cref="DockerException">It is neither, or both.</exception>
    public bool? Truth(string key) => !Has(key) ? null : this[key] switch
    {
        ["1" or "true"] => true,
        ["0" or "false"] => false,
        var said => throw DockerException.BadRequest($"invalid filter '{key}=[{string.Join(' ', said)}]'"),
    };

    /// <summary><c>k</c>: there is such a label; <c>k=v</c>: with this value. All that were asked for.</summary>
    public bool Labels(string key, IReadOnlyDictionary<string, string>? labels) => this[key].All(wanted => Has(labels, wanted));

    /// <summary>None of the labels that were asked for.</summary>
    public bool Without(string key, IReadOnlyDictionary<string, string>? labels) => !this[key].Any(wanted => Has(labels, wanted));

    private static bool Has(IReadOnlyDictionary<string, string>? labels, string wanted)
    {
        var at = wanted.IndexOf('=', StringComparison.Ordinal);
        return labels is not null && (at < 0
            ? labels.ContainsKey(wanted)
            : labels.TryGetValue(wanted[..at], out var value) && value == wanted[(at + 1)..]);
    }
}
