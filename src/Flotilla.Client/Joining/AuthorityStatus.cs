using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flotilla.Client.Joining;

/// <summary>The cluster's certificate authority as its server tells administrators of it.</summary>
/// <param name="Certificate">Of the one that signs, as PEM.</param>
/// <param name="Started">When the rotation that goes on began; null: none does.</param>
/// <param name="Awaited">The nodes and servers that it waits for.</param>
public sealed record AuthorityStatus(string Certificate, DateTimeOffset? Started, IReadOnlyList<string> Awaited)
{
    /// <summary>A GET tells this; a POST of an <see cref="AuthorityChange"/> begins a rotation.</summary>
    public const string Path = "/flotilla/v1/authority";

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, AuthorityJson.Default.AuthorityStatus);

    /// <exception cref="JsonException">It is none.</exception>
    public static AuthorityStatus FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, AuthorityJson.Default.AuthorityStatus) ?? throw new JsonException("it holds no object");
}

/// <summary>What the next authority is to be, as PEM; both null: one that the server makes.</summary>
public sealed record AuthorityChange(string? Certificate, string? Key)
{
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, AuthorityJson.Default.AuthorityChange);

    /// <summary>Null: it is none.</summary>
    public static AuthorityChange? FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, AuthorityJson.Default.AuthorityChange);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(AuthorityStatus))]
[JsonSerializable(typeof(AuthorityChange))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class AuthorityJson : JsonSerializerContext;
