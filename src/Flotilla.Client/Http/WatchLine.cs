using System.Text.Json;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>One line of a watch: <c>{"type":"ADDED","object":{...}}</c>.</summary>
internal static class WatchLine
{
    public static WatchEvent<T> Decode<T>(ReadOnlySpan<byte> line)
    {
        WatchEventType? type = null;
        var isError = false;
        var json = new Utf8JsonReader(line);
        (int Start, int Length) body = default;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                isError = json.ValueTextEquals("ERROR"u8);
                type = isError ? null : TypeOf(json.GetString());
            }
            else if (json.ValueTextEquals("object"u8))
            {
                json.Read();
                var start = (int)json.TokenStartIndex;
                json.Skip();
                body = (start, (int)json.BytesConsumed - start);
            }
            else
            {
                json.Skip();
            }
        }

        var value = line.Slice(body.Start, body.Length);
        if (isError)
        {
            throw new ApiException(ObjectJson.Decode<V1Status>(value));
        }

        return new WatchEvent<T>(type ?? throw new JsonException("A watch event has no type."), ObjectJson.Decode<T>(value));
    }

    private static WatchEventType TypeOf(string? type) => type switch
    {
        "ADDED" => WatchEventType.Added,
        "MODIFIED" => WatchEventType.Modified,
        "DELETED" => WatchEventType.Deleted,
        "BOOKMARK" => WatchEventType.Bookmark,
        _ => throw new JsonException($"Unknown watch event type {type}."),
    };
}
