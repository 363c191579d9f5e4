using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Printing;

/// <summary>
/// The paths of printer columns and scale subresources: <c>.spec.n</c>, <c>.items[0]</c>, <c>['a.b']</c>, <c>[*]</c>,
/// <c>..name</c> and <c>[?(@.type=="Ready")]</c>. Parsed once, evaluated often; immutable.
/// </summary>
public sealed class JsonPath
{
    private readonly List<Func<JsonNode, IEnumerable<JsonNode?>>> steps = [];
    private readonly string text;
    private int at;

    private JsonPath(string text) => this.text = text;

    /// <exception cref="FormatException">Not a path.</exception>
    public static JsonPath Parse(string text)
    {
        var path = new JsonPath(text.Trim().TrimStart('{').TrimEnd('}').TrimStart('$'));
        while (path.at < path.text.Length)
        {
            path.steps.Add(path.ReadStep());
        }

        return path;
    }

    public IEnumerable<JsonNode?> Find(JsonNode value)
    {
        IEnumerable<JsonNode?> found = [value];
        foreach (var step in steps)
        {
            found = found.SelectMany(node => node is null ? [] : step(node)).ToList();
        }

        return found;
    }

    private Func<JsonNode, IEnumerable<JsonNode?>> ReadStep()
    {
        if (text[at] == '[')
        {
            var close = ClosingBracket();
            var inside = text[(at + 1)..close].Trim();
            at = close + 1;
            return Bracket(inside);
        }

        var recursive = text[at..].StartsWith("..", StringComparison.Ordinal);
        at += recursive ? 2 : text[at] == '.' ? 1 : 0;
        var name = ReadName();
        return recursive ? node => Descendants(node).SelectMany(child => Member(child, name)) : node => Member(node, name);
    }

    private string ReadName()
    {
        var name = new System.Text.StringBuilder();
        while (at < text.Length && text[at] is not ('.' or '['))
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            name.Append(text[at++]);
        }

        return name.Length > 0 || at >= text.Length || text[at] == '[' ? name.ToString() : throw new FormatException($"unexpected '{text[at]}' in path {text}");
    }

    private int ClosingBracket()
    {
        var (depth, quote) = (0, '\0');
        for (var i = at; i < text.Length; i++)
        {
            quote = text[i] is '\'' or '"' ? (quote == text[i] ? '\0' : quote == '\0' ? text[i] : quote) : quote;
            depth += quote != '\0' ? 0 : text[i] switch { '[' => 1, ']' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        throw new FormatException($"unterminated array in path {text}");
    }

    private static Func<JsonNode, IEnumerable<JsonNode?>> Bracket(string inside)
    {
        if (inside.StartsWith("?(", StringComparison.Ordinal) && inside.EndsWith(')'))
        {
            var condition = Condition(inside[2..^1]);
            return node => Elements(node).Where(condition);
        }

        if (inside is "*" or ":")
        {
            return Elements;
        }

        if (inside is ['\'' or '"', .., '\'' or '"'])
        {
            var name = inside[1..^1];
            return node => Member(node, name);
        }

        return int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index)
            ? node => node is JsonArray list && (index < 0 ? index + list.Count : index) is var place && place >= 0 && place < list.Count ? [list[place]] : []
            : throw new FormatException($"invalid array index {inside}");
    }

    private static Func<JsonNode?, bool> Condition(string text)
    {
        foreach (var comparison in (ReadOnlySpan<string>)["==", "!="])
        {
            if (text.IndexOf(comparison, StringComparison.Ordinal) is var split and > 0)
            {
                var (path, wanted) = (Parse(text[..split].Trim().TrimStart('@')), text[(split + 2)..].Trim().Trim('\'', '"'));
                var equal = comparison == "==";
                return element => element is not null && path.Find(element).Any(found => (Text(found) == wanted) == equal);
            }
        }

        var present = Parse(text.Trim().TrimStart('@'));
        return element => element is not null && present.Find(element).Any(found => found is not null);
    }

    private static string Text(JsonNode? node) => node.AsString() ?? node?.ToJsonString() ?? "";

    private static IEnumerable<JsonNode?> Member(JsonNode? node, string name) => (node, name) switch
    {
        (JsonObject or JsonArray, "*") => Elements(node),
        (not null, "") => [node],
        (JsonObject map, _) when map.TryGetPropertyValue(name, out var value) => [value],
        _ => [],
    };

    private static IEnumerable<JsonNode?> Elements(JsonNode node) => node switch
    {
        JsonArray list => list,
        JsonObject map => map.Select(pair => pair.Value),
        _ => [],
    };

    private static IEnumerable<JsonNode> Descendants(JsonNode node) => Elements(node).OfType<JsonNode>().SelectMany(Descendants).Prepend(node);
}
