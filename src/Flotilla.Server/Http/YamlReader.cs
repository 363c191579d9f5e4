using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Flotilla.Server.Http;

/// <summary>YAML in, JSON tree out. Plain scalars become numbers, booleans or null as in YAML 1.1's common core.</summary>
public static class YamlReader
{
    private const int MaxDepth = 256;

    /// <summary>Nodes that aliases may multiply a document to.</summary>
    private const int MaxAliasedNodes = 100_000;

    /// <param name="duplicates">Gets a line of text for each key that its mapping holds already.</param>
    /// <exception cref="GoJsonException">Not YAML.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates = null)
    {
        try
        {
            var parser = new Parser(new StringReader(Encoding.UTF8.GetString(utf8)));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return null;
            }

            parser.Consume<DocumentStart>();
            return Read(parser, new Dictionary<string, JsonNode?>(StringComparer.Ordinal), new Limits(), duplicates);
        }
        catch (YamlException error)
        {
            throw new GoJsonException($"error converting YAML to JSON: yaml: line {error.Start.Line}: {error.Message}");
        }
        catch (ArgumentOutOfRangeException)
        {
            // Half of a surrogate pair, which the parser takes for the whole.
            throw new GoJsonException("error converting YAML to JSON: yaml: found invalid Unicode character escape code");
        }
    }

    private static JsonNode? Read(Parser parser, Dictionary<string, JsonNode?> anchors, Limits limits, List<string>? duplicates)
    {
        using var level = limits.Enter();
        var parsed = parser.Consume<ParsingEvent>();
        switch (parsed)
        {
            case Scalar scalar:
                return Remember(anchors, scalar.Anchor, FromScalar(scalar));
            case AnchorAlias alias:
                if (!anchors.TryGetValue(alias.Value.Value, out var value))
                {
                    throw new GoJsonException($"error converting YAML to JSON: yaml: unknown anchor '{alias.Value}' referenced");
                }

                limits.Spend(Count(value));
                return value?.DeepClone();
            case SequenceStart sequence:
                var list = new JsonArray();
                while (!parser.Accept<SequenceEnd>(out _))
                {
                    list.Add(Read(parser, anchors, limits, duplicates));
                }

                parser.Consume<SequenceEnd>();
                return Remember(anchors, sequence.Anchor, list);
            case MappingStart mapping:
                var map = new JsonObject();
                while (!parser.Accept<MappingEnd>(out _))
                {
                    var start = parser.Consume<Scalar>();
                    var key = start.Value;
                    var item = Read(parser, anchors, limits, duplicates);
                    if (map.ContainsKey(key) && duplicates is not null)
                    {
                        duplicates.Add($"line {start.Start.Line}: key \"{key}\" already set in map");
                    }

                    if (key == "<<" && item is JsonObject merged)
                    {
                        foreach (var (name, inherited) in merged)
                        {
                            map.Default(name, inherited?.DeepClone());
                        }
                    }
                    else
                    {
                        map[key] = item;
                    }
                }

                parser.Consume<MappingEnd>();
                return Remember(anchors, mapping.Anchor, map);
            default:
                throw new GoJsonException("error converting YAML to JSON: yaml: unexpected content");
        }
    }

    private static int Count(JsonNode? value) => value switch
    {
        JsonObject map => 1 + map.Sum(pair => Count(pair.Value)),
        JsonArray list => 1 + list.Sum(Count),
        _ => 1,
    };

    private static JsonNode? Remember(Dictionary<string, JsonNode?> anchors, AnchorName anchor, JsonNode? value)
    {
        if (!anchor.IsEmpty)
        {
            anchors[anchor.Value] = value?.DeepClone();
        }

        return value;
    }

    private static JsonNode? FromScalar(Scalar scalar)
    {
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any) || !scalar.Tag.IsEmpty)
        {
            return scalar.Value;
        }

        switch (scalar.Value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON":
                return true;
            case "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF":
                return false;
        }

        if (long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
        {
            // A leading zero means octal, as file modes are written.
            return scalar.Value is ['0', >= '0' and <= '7', ..] && scalar.Value.All(digit => digit is >= '0' and <= '7') ? Convert.ToInt64(scalar.Value, 8) : integer;
        }

        return char.IsAsciiDigit(scalar.Value[^1]) && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : scalar.Value;
    }

    /// <summary>What a document may cost: a few bytes can stand for more than any memory holds.</summary>
    private sealed class Limits : IDisposable
    {
        private int depth;
        private int nodes = MaxAliasedNodes;

        public Limits Enter() =>
            ++depth <= MaxDepth ? this : throw new GoJsonException("error converting YAML to JSON: yaml: exceeded max depth");

        public void Spend(int count)
        {
            if ((nodes -= count) < 0)
            {
                throw new GoJsonException("error converting YAML to JSON: yaml: document contains excessive aliasing");
            }
        }

        public void Dispose() => depth--;
    }
}
