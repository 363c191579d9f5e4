using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;
using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>
/// The stored form of an object: its JSON with kind, apiVersion and metadata first, and without resourceVersion. That
/// number is the store's revision, known only once written, so it is spliced in whenever the bytes go out.
/// </summary>
public static class StoredObject
{
    private static readonly byte[] MetadataStart = "\"metadata\":{"u8.ToArray();
    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Encode(JsonObject value, ResourceKind kind)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Writing);
        writer.WriteStartObject();
        writer.WriteString("kind", kind.Kind);
        writer.WriteString("apiVersion", kind.ApiVersion);
        writer.WritePropertyName("metadata");
        var metadata = value.Child("metadata");
        writer.WriteStartObject();
        foreach (var (name, item) in metadata)
        {
            if (name != "resourceVersion")
            {
                Write(writer, name, item);
            }
        }

        writer.WriteEndObject();
        foreach (var (name, item) in value)
        {
            if (name is not ("kind" or "apiVersion" or "metadata"))
            {
                Write(writer, name, item);
            }
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The object as a tree, with its resourceVersion.</summary>
    public static JsonObject Decode(ReadOnlyMemory<byte> stored, Revision revision)
    {
        var value = (JsonObject)GoJson.Parse(stored.Span)!;
        value.Child("metadata")["resourceVersion"] = revision.ToString();
        return value;
    }

    /// <summary>Writes the object as clients see it.</summary>
    public static void WriteTo(IBufferWriter<byte> output, ReadOnlyMemory<byte> stored, Revision revision)
    {
        var span = stored.Span;
        var splice = span.IndexOf(MetadataStart) + MetadataStart.Length;
        output.Write(span[..splice]);
        output.Write("\"resourceVersion\":\""u8);
        var number = output.GetSpan(20);
        revision.Value.TryFormat(number, out var length, default, CultureInfo.InvariantCulture);
        output.Advance(length);
        output.Write(span[splice] == (byte)'}' ? "\""u8 : "\","u8);
        output.Write(span[splice..]);
    }

    public static byte[] ToBytes(ReadOnlyMemory<byte> stored, Revision revision)
    {
        var buffer = new ArrayBufferWriter<byte>(stored.Length + 48);
        WriteTo(buffer, stored, revision);
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Serialize(JsonNode value)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, Writing);
        value.WriteTo(writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static string NameOf(string key) => key[(key.LastIndexOf('/') + 1)..];

    private static void Write(Utf8JsonWriter writer, string name, JsonNode? value)
    {
        writer.WritePropertyName(name);
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            value.WriteTo(writer);
        }
    }
}
