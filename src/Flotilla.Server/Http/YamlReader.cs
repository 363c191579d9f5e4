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
    private const int MaxAliases = 1000;

    /// <exception cref="GoJsonException">Not YAML.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
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
            return Read(parser, new Dictionary<string, JsonNode?>(StringComparer.Ordinal), [MaxAliases]);
        }
        catch (YamlException error)
        {
            throw new GoJsonException($"error converting YAML to JSON: yaml: line {error.Start.Line}: {error.Message}");
        }
    }

    private static JsonNode? Read(Parser parser, Dictionary<string, JsonNode?> anchors, int[] aliasesLeft)
    {
        var parsed = parser.Consume<ParsingEvent>();
        switch (parsed)
        {
            case Scalar scalar:
                return Remember(anchors, scalar.Anchor, FromScalar(scalar));
            case AnchorAlias alias:
                if (--aliasesLeft[0] < 0)
                {
                    throw new GoJsonException("error converting YAML to JSON: yaml: document contains excessive aliasing");
                }

                return anchors.TryGetValue(alias.Value.Value, out var value)
                    ? value?.DeepClone()
                    : throw new GoJsonException($"error converting YAML to JSON: yaml: unknown anchor '{alias.Value}' referenced");
            case SequenceStart sequence:
                var list = new JsonArray();
                while (!parser.Accept<SequenceEnd>(out _))
                {
                    list.Add(Read(parser, anchors, aliasesLeft));
                }

                parser.Consume<SequenceEnd>();
                return Remember(anchors, sequence.Anchor, list);
            case MappingStart mapping:
                var map = new JsonObject();
                while (!parser.Accept<MappingEnd>(out _))
                {
                    var key = parser.Consume<Scalar>().Value;
                    var item = Read(parser, anchors, aliasesLeft);
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
}
