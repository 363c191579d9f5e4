using System.Globalization;

namespace Flotilla.Api.Protobuf;

public enum MessageValue
{
    String,
    Int32,
    Int64,
    Boolean,
    Bytes,
    Double,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Raw,
    Strings,
    Message,
}

/// <summary>One field of a message. <see cref="Name"/> is its JSON name; an inline field's own fields stand in the parent.</summary>
public sealed record MessageField(int Number, string Name, MessageValue Value, string? Type, bool IsRepeated, bool IsMap, bool IsInline);

/// <summary>Field numbers of all built-in types, read on first use from the embedded table <c>kubernetes.protobuf</c>.</summary>
public static class MessageTable
{
    private static readonly Lazy<Dictionary<string, Dictionary<int, MessageField>>> Loaded = new(Load);

    /// <param name="type">Name as in the schema table, e.g. <c>core.v1.Pod</c>.</param>
    public static IReadOnlyDictionary<int, MessageField>? Find(string type) => Loaded.Value.GetValueOrDefault(type);

    private static Dictionary<string, Dictionary<int, MessageField>> Load()
    {
        using var stream = typeof(MessageTable).Assembly.GetManifestResourceStream("kubernetes.protobuf")
            ?? throw new InvalidOperationException("The protobuf table is not embedded.");
        using var reader = new StreamReader(stream);
        var messages = new Dictionary<string, Dictionary<int, MessageField>>(StringComparer.Ordinal);
        Dictionary<int, MessageField>? current = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '@')
            {
                messages.Add(line[1..], current = []);
            }
            else
            {
                var field = Parse(line.Split(' '));
                current!.Add(field.Number, field);
            }
        }

        return messages;
    }

    private static MessageField Parse(string[] words)
    {
        var text = words[2];
        var (repeated, map) = (text.StartsWith("[]", StringComparison.Ordinal), text.StartsWith("{}", StringComparison.Ordinal));
        var type = repeated || map ? text[2..] : text;
        var value = type switch
        {
            "string" => MessageValue.String,
            "int32" => MessageValue.Int32,
            "int64" => MessageValue.Int64,
            "bool" => MessageValue.Boolean,
            "bytes" => MessageValue.Bytes,
            "double" => MessageValue.Double,
            "quantity" => MessageValue.Quantity,
            "intorstring" => MessageValue.IntOrString,
            "time" => MessageValue.Time,
            "microtime" => MessageValue.MicroTime,
            "raw" => MessageValue.Raw,
            "strings" => MessageValue.Strings,
            _ => MessageValue.Message,
        };
        return new MessageField(int.Parse(words[0], CultureInfo.InvariantCulture), words[1], value, type[0] == '#' ? type[1..] : null, repeated, map, words.Length > 3);
    }
}
