using System.Globalization;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Protobuf;

/// <summary>Field numbers of all built-in types, read on first use from the embedded table <c>kubernetes.protobuf</c>.</summary>
public static class MessageTable
{
    internal const string MetaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    private const string SchemaType = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

    private static readonly Lazy<Dictionary<string, MessageType>> Loaded = new(Load);

    /// <param name="type">Name as in the schema table, e.g. <c>core.v1.Pod</c>.</param>
    public static MessageType? Find(string type) => Loaded.Value.GetValueOrDefault(type);

    /// <summary>The message of a kind; null when the kind has no protobuf form, as custom resources have none.</summary>
    public static MessageType? Find(ResourceKind kind)
    {
        // Metadata alone is no type of the schema: it is a form that any object may be asked for in.
        var name = kind.Group == "meta.k8s.io" ? MetaPackage + kind.Kind : SchemaTable.BuiltIn.Find(kind)?.Name;
        return name is null ? null : Find(name);
    }

    private static Dictionary<string, MessageType> Load()
    {
        using var stream = typeof(MessageTable).Assembly.GetManifestResourceStream("kubernetes.protobuf")
            ?? throw new InvalidOperationException("The protobuf table is not embedded.");
        using var reader = new StreamReader(stream);
        var messages = new Dictionary<string, MessageType>(StringComparer.Ordinal);
        MessageType? current = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '@')
            {
                current = Reference(line[1..], messages);
            }
            else
            {
                current!.Add(Parse(line.Split(' '), messages));
            }
        }

        return messages;
    }

    private static MessageField Parse(string[] words, Dictionary<string, MessageType> messages)
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
            "schemaorarray" => MessageValue.SchemaOrArray,
            "schemaorbool" => MessageValue.SchemaOrBoolean,
            "schemaorstrings" => MessageValue.SchemaOrStrings,
            _ => MessageValue.Message,
        };
        var message = value switch
        {
            MessageValue.Message => Reference(type[1..], messages),
            MessageValue.SchemaOrArray or MessageValue.SchemaOrBoolean or MessageValue.SchemaOrStrings => Reference(SchemaType, messages),
            _ => null,
        };
        return new MessageField(int.Parse(words[0], CultureInfo.InvariantCulture), words[1], value, message, repeated, map, words.Length > 3);
    }

    private static MessageType Reference(string name, Dictionary<string, MessageType> messages)
    {
        if (!messages.TryGetValue(name, out var message))
        {
            messages.Add(name, message = new MessageType(name));
        }

        return message;
    }
}
