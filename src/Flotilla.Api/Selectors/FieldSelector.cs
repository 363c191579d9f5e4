using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Selectors;

public sealed record FieldRequirement(string Path, bool Equal, string Value);

/// <summary>Comparisons of single fields, <c>metadata.name=a,status.phase!=Failed</c>. Which fields exist is the kind's affair.</summary>
public sealed class FieldSelector(IReadOnlyList<FieldRequirement> requirements)
{
    public static readonly FieldSelector Everything = new([]);

    public IReadOnlyList<FieldRequirement> Requirements { get; } = requirements;

    public bool IsEverything => Requirements.Count == 0;

    /// <summary>The value that <paramref name="path"/> must have, when the selector pins it.</summary>
    public string? Required(string path) => Requirements.FirstOrDefault(requirement => requirement.Equal && requirement.Path == path)?.Value;

    public bool Matches(Func<string, string?> field)
    {
        foreach (var requirement in Requirements)
        {
            if (string.Equals(field(requirement.Path) ?? "", requirement.Value, StringComparison.Ordinal) != requirement.Equal)
            {
                return false;
            }
        }

        return true;
    }

    /// <exception cref="FormatException">Not a field selector.</exception>
    public static FieldSelector Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Everything;
        }

        var requirements = new List<FieldRequirement>();
        foreach (var term in Split(text))
        {
            if (term.Length == 0)
            {
                continue;
            }

            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new FormatException($"invalid selector: '{text}'; can't understand '{term}'");
            }

            var unequal = term[at - 1] == '!';
            var value = term[(at + 1)..];
            requirements.Add(new FieldRequirement(term[..(unequal ? at - 1 : at)], !unequal, Unescape(value.StartsWith('=') && !unequal ? value[1..] : value)));
        }

        return new FieldSelector(requirements);
    }

    /// <summary>The value of a dotted path as selectors compare it: text as it is, absent as "".</summary>
    public static string Value(JsonNode? value, string path)
    {
        foreach (var part in path.Split('.'))
        {
            value = (value as JsonObject)?[part];
        }

        return value switch { null => "", _ => value.AsString() ?? value.ToJsonString() };
    }

    private static IEnumerable<string> Split(string text)
    {
        var part = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                part.Append(text[i]).Append(text[++i]);
            }
            else if (text[i] == ',')
            {
                yield return part.ToString();
                part.Clear();
            }
            else
            {
                part.Append(text[i]);
            }
        }

        yield return part.ToString();
    }

    private static string Unescape(string value) =>
        value.Replace("\\,", ",", StringComparison.Ordinal).Replace("\\=", "=", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
}
