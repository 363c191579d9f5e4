using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Selectors;
using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>
/// What reads need to know about one stored version again and again, worked out once: its labels, the fields that
/// selectors name, its protobuf form. Kept beside the version; safe from any thread.
/// </summary>
public sealed class StoredFacts(ReadOnlyMemory<byte> stored, Revision revision)
{
    private KeyValuePair<string, string>[]? labels;
    private KeyValuePair<string, string>[] fields = [];
    private byte[]? protobuf;
    private JsonObject? tree;

    public IReadOnlyList<KeyValuePair<string, string>> Labels => labels ??= ReadLabels(stored.Span);

    /// <summary>The whole object, for those that are read again and again. Shared: never changed.</summary>
    public JsonObject Tree => tree ??= StoredObject.Decode(stored, revision);

    public static StoredFacts Of(StoredEntry entry) => Of(entry.Notes, entry.Value, entry.Modified);

    public static StoredFacts Of(EntryNotes? notes, ReadOnlyMemory<byte> stored, Revision revision)
    {
        if (notes?.Content is StoredFacts known)
        {
            return known;
        }

        var facts = new StoredFacts(stored, revision);
        if (notes is not null)
        {
            notes.Content = facts;
        }

        return facts;
    }

    /// <summary>The value at a dotted path as field selectors compare it: text as it is, anything else as JSON, absent as "".</summary>
    public string Field(string path)
    {
        foreach (var (known, value) in fields)
        {
            if (known == path)
            {
                return value;
            }
        }

        var found = ReadField(stored.Span, path);
        fields = [.. fields, new(path, found)];
        return found;
    }

    /// <summary>The bare protobuf message, with its resourceVersion.</summary>
    public byte[] Protobuf(Kind kind) => protobuf ??= ProtobufWriter.Message(stored.Span, MessageTable.Find(kind.Identity)!, revision.Value);

    private static KeyValuePair<string, string>[] ReadLabels(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!Enter(ref reader, "metadata") || !Enter(ref reader, "labels") || reader.TokenType != JsonTokenType.StartObject)
        {
            return [];
        }

        var found = new List<KeyValuePair<string, string>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            found.Add(new(key, reader.TokenType == JsonTokenType.String ? reader.GetString()! : ""));
        }

        return [.. found];
    }

    private static string ReadField(ReadOnlySpan<byte> json, string path)
    {
        var reader = new Utf8JsonReader(json);
        foreach (var name in path.AsSpan().Split('.'))
        {
            if (!Enter(ref reader, path.AsSpan()[name]))
            {
                return "";
            }
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return "";
            case JsonTokenType.String:
                return reader.GetString()!;
            default:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return System.Text.Encoding.UTF8.GetString(json[start..(int)reader.BytesConsumed]);
        }
    }

    /// <summary>Goes to the value of a property of the object the reader stands on, or before.</summary>
    private static bool Enter(ref Utf8JsonReader reader, ReadOnlySpan<char> name)
    {
        if (reader.TokenType == JsonTokenType.None)
        {
            reader.Read();
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
