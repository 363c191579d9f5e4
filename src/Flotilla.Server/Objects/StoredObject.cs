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
    private static readonly byte[] VersionStart = "\"resourceVersion\":\""u8.ToArray();
    private const int LongestSplice = 64;
    private const int FirstBufferBytes = 8 * 1024;
    private const int LargestBufferKept = 256 * 1024;

    // Each thread writes one object after the other: its buffer grows once and not for each of them.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? reused;

    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Encode(JsonObject value, ResourceKind kind)
    {
        var buffer = EmptyBuffer();
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
        return Taken(buffer);
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
        Span<byte> number = stackalloc byte[LongestSplice];
        output.Write(number[..Splice(number, span[splice], revision)]);
        output.Write(span[splice..]);
    }

    // "resourceVersion":"N" and, unless the metadata ends here, a comma.
    private static int Splice(Span<byte> target, byte next, Revision revision)
    {
        VersionStart.CopyTo(target);
        revision.Value.TryFormat(target[VersionStart.Length..], out var length, default, CultureInfo.InvariantCulture);
        var at = VersionStart.Length + length;
        target[at++] = (byte)'"';
        if (next != (byte)'}')
        {
            target[at++] = (byte)',';
        }

        return at;
    }

    /// <summary>Writes the object as an item of a list, which does not repeat kind and apiVersion. Returns the bytes written.</summary>
    public static int WriteItem(IBufferWriter<byte> output, ReadOnlySpan<byte> stored, Revision revision)
    {
        var splice = stored.IndexOf(MetadataStart) + MetadataStart.Length;
        var room = output.GetSpan(stored.Length - splice + LongestSplice);
        room[0] = (byte)'{';
        MetadataStart.CopyTo(room[1..]);
        var at = 1 + MetadataStart.Length;
        at += Splice(room[at..], stored[splice], revision);
        stored[splice..].CopyTo(room[at..]);
        at += stored.Length - splice;
        output.Advance(at);
        return at;
    }

    /// <summary>The object as clients see it, in an array of its own, with <paramref name="extra"/> zero bytes at the end.</summary>
    public static byte[] ToBytes(ReadOnlyMemory<byte> stored, Revision revision, int extra = 0)
    {
        var span = stored.Span;
        var splice = span.IndexOf(MetadataStart) + MetadataStart.Length;
        Span<byte> number = stackalloc byte[LongestSplice];
        var length = Splice(number, span[splice], revision);
        var bytes = new byte[span.Length + length + extra];
        span[..splice].CopyTo(bytes);
        number[..length].CopyTo(bytes.AsSpan(splice));
        span[splice..].CopyTo(bytes.AsSpan(splice + length));
        return bytes;
    }

    public static byte[] Serialize(JsonNode value)
    {
        var buffer = EmptyBuffer();
        using var writer = new Utf8JsonWriter(buffer, Writing);
        value.WriteTo(writer);
        writer.Flush();
        return Taken(buffer);
    }

    private static ArrayBufferWriter<byte> EmptyBuffer()
    {
        var buffer = reused ??= new ArrayBufferWriter<byte>(FirstBufferBytes);
        buffer.ResetWrittenCount();
        return buffer;
    }

    private static byte[] Taken(ArrayBufferWriter<byte> buffer)
    {
        reused = buffer.Capacity <= LargestBufferKept ? buffer : null;
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
