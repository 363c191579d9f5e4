using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Cel.Values;

namespace Flotilla.Swarm.Conversion;

/// <summary>The short forms of a Compose file. Pure.</summary>
internal static class ComposeText
{
    /// <summary>A mapping, or a list of <c>NAME=VALUE</c>.</summary>
    public static IReadOnlyDictionary<string, string> Pairs(JsonNode? node) => node switch
    {
        JsonObject map => map.ToDictionary(pair => pair.Key, pair => Text(pair.Value)),
        JsonArray list => list.Select(item => Text(item).Split('=', 2)).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair.Length > 1 ? pair[1] : ""),
        _ => new Dictionary<string, string>(),
    };

    /// <summary>A list of words, or a line as a shell would split it; null: nothing is said.</summary>
    public static IReadOnlyList<string>? Words(JsonNode? node) => node switch
    {
        JsonArray list => [.. list.Select(Text)],
        JsonValue line => [.. Split(Text(line))],
        _ => null,
    };

    public static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(),
    };

    /// <summary>Whole seconds, rounded up; null: nothing is said.</summary>
    public static int? Seconds(JsonNode? node) => Durations.TryParse(Text(node), out var nanoseconds) ? (int)Math.Ceiling(nanoseconds / 1e9) : null;

    /// <summary><c>512M</c> as Kubernetes has it.</summary>
    public static string Memory(string text)
    {
        var number = text.TrimEnd('b', 'B', 'k', 'K', 'm', 'M', 'g', 'G', 'i');
        return char.ToLowerInvariant(text[number.Length..].FirstOrDefault('b')) switch { 'k' => number + "Ki", 'm' => number + "Mi", 'g' => number + "Gi", _ => number };
    }

    /// <returns>Target port, published port (0: none) and protocol. Ranges become one each.</returns>
    public static IEnumerable<(int Target, int Published, string Protocol)> Ports(JsonNode? port)
    {
        if (port is JsonObject full)
        {
            yield return ((int)(full.Integer("target") ?? Number(Text(full["target"]))), Number(Text(full["published"])), full.String("protocol") ?? "tcp");
            yield break;
        }

        var (numbers, protocol) = Text(port).Split('/') is [var before, var after] ? (before, after) : (Text(port), "tcp");
        var parts = numbers.Split(':');
        var (targets, published) = (Range(parts[^1]).ToList(), parts.Length > 1 ? Range(parts[^2]).ToList() : []);
        for (var i = 0; i < targets.Count; i++)
        {
            yield return (targets[i], i < published.Count ? published[i] : 0, protocol);
        }
    }

    private static IEnumerable<int> Range(string text) => text.Split('-') is [var first, var last] ? Enumerable.Range(Number(first), Math.Clamp(Number(last) - Number(first) + 1, 0, 1000)) : [Number(text)];

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static IEnumerable<string> Split(string line)
    {
        var word = new System.Text.StringBuilder();
        char? quote = null;
        var isWord = false;
        foreach (var letter in line)
        {
            if (letter == quote)
            {
                quote = null;
            }
            else if (quote is null && letter is '"' or '\'')
            {
                (quote, isWord) = (letter, true);
            }
            else if (quote is null && char.IsWhiteSpace(letter))
            {
                if (isWord)
                {
                    yield return word.ToString();
                }

                word.Clear();
                isWord = false;
            }
            else
            {
                word.Append(letter);
                isWord = true;
            }
        }

        if (isWord)
        {
            yield return word.ToString();
        }
    }
}
