using System.Text.Json;

namespace Flotilla.Server.Http;

/// <summary>What a body holds that a strict reader refuses: keys given twice, and later the fields that nobody knows.</summary>
public sealed class StrictProblems
{
    private readonly List<string> lines = [];
    private ReadOnlyMemory<byte> json;

    /// <summary>Paths of fields given twice in JSON.</summary>
    public List<string> Duplicates { get; } = [];

    /// <summary>Keys given twice in YAML, each with its line.</summary>
    public List<string> Lines => lines;

    /// <summary>The text that <see cref="Duplicates"/> were found in.</summary>
    public void FoundIn(ReadOnlyMemory<byte> text) => json = text;

    /// <summary>What is told one by one in warnings.</summary>
    /// <param name="inOrder">Fields are told as they appear in the text: the reader of built-in kinds finds both at once.</param>
    public IReadOnlyList<string> Warnings(IReadOnlyList<string> unknown, bool inOrder) => [.. lines, .. Fields(unknown, inOrder)];

    /// <summary>What is told in one error.</summary>
    public IReadOnlyList<string> Errors(IReadOnlyList<string> unknown, bool inOrder) => lines.Count == 0 ? Fields(unknown, inOrder) : [YamlError, .. Fields(unknown, inOrder)];

    public string YamlError => $"yaml: unmarshal errors:\n  {string.Join("\n  ", lines)}";

    private List<string> Fields(IReadOnlyList<string> unknown, bool inOrder)
    {
        if (Duplicates.Count == 0 && unknown.Count == 0)
        {
            return [];
        }

        var twice = Duplicates.Distinct().Select(path => (Path: path, Text: $"duplicate field \"{path}\"", Nth: 1));
        var all = twice.Concat(unknown.Select(path => (Path: path, Text: $"unknown field \"{path}\"", Nth: 0))).ToList();
        if (inOrder && Duplicates.Count > 0 && unknown.Count > 0)
        {
            var places = PlacesIn(json.Span);
            all = [.. all.OrderBy(problem => places.TryGetValue(problem.Path, out var at) ? at[Math.Min(problem.Nth, at.Count - 1)] : int.MaxValue)];
        }

        return [.. all.Select(problem => problem.Text)];
    }

    /// <summary>Where in the text each field stands, by path.</summary>
    private static Dictionary<string, List<int>> PlacesIn(ReadOnlySpan<byte> text)
    {
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        Visit(ref reader, "", places);
        return places;
    }

    private static void Visit(ref Utf8JsonReader reader, string path, Dictionary<string, List<int>> places)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                Visit(ref reader, $"{path}[{i}]", places);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var below = path.Length == 0 ? reader.GetString()! : $"{path}.{reader.GetString()}";
                if (!places.TryGetValue(below, out var at))
                {
                    places.Add(below, at = []);
                }

                at.Add((int)reader.TokenStartIndex);
                reader.Read();
                Visit(ref reader, below, places);
            }
        }
    }
}
