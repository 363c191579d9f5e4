using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Docker;

/// <summary>JSON as Docker writes it.</summary>
public static class WireJson
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Bytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            node.WriteTo(writer);
        }

        return buffer.WrittenMemory;
    }

    /// <exception cref="DockerException">It is no JSON object.</exception>
    public static async Task<JsonObject> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        JsonNode? value;
        try
        {
            value = await JsonNode.ParseAsync(body, cancellationToken: cancellationToken);
        }
        catch (JsonException wrong)
        {
            throw DockerException.BadRequest($"invalid JSON: {wrong.Message}");
        }

        return value as JsonObject ?? throw DockerException.BadRequest("invalid JSON: got EOF or no object while reading request body");
    }

    /// <summary>A copy for another tree.</summary>
    public static JsonNode? Node(JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Object } value => JsonObject.Create(value),
        { ValueKind: JsonValueKind.Array } value => JsonArray.Create(value),
        null or { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { } value => JsonValue.Create(value),
    };

    public static JsonElement Element(JsonNode node) => JsonElement.Parse(Bytes(node).Span);

    public static JsonArray Array(IEnumerable<JsonNode?> items) => [.. items];

    public static JsonObject Map(IEnumerable<KeyValuePair<string, string>>? values) =>
        new((values ?? []).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
