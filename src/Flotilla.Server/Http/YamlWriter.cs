using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Flotilla.Server.Http;

/// <summary>A JSON tree as YAML.</summary>
public static class YamlWriter
{
    public static byte[] Write(JsonNode value)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        var emitter = new Emitter(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, true));
        Write(emitter, value);
        emitter.Emit(new DocumentEnd(true));
        emitter.Emit(new StreamEnd());
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(Emitter emitter, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject map:
                emitter.Emit(new MappingStart());
                foreach (var (name, item) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    emitter.Emit(new Scalar(name));
                    Write(emitter, item);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, SequenceStyle.Block));
                foreach (var item in list)
                {
                    Write(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case null:
                emitter.Emit(new Scalar("null"));
                break;
            default:
                var isText = value.GetValueKind() == JsonValueKind.String;
                var text = isText ? value.GetValue<string>() : value.ToJsonString();
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, isText && LooksOtherwise(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, true, true));
                break;
        }
    }

    // Text that a reader would take for a number, a boolean or null.
    private static bool LooksOtherwise(string text) =>
        text.Length == 0 || char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.' or '~'
        || text.ToLowerInvariant() is "true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n";
}
