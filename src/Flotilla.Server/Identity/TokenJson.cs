using System.Text.Json.Serialization;

namespace Flotilla.Server.Identity;

internal sealed record TokenHeader(
    [property: JsonPropertyName("alg")] string Algorithm,
    [property: JsonPropertyName("kid")] string KeyId);

internal sealed record TokenPayload
{
    [JsonPropertyName("aud")]
    public required IReadOnlyList<string> Audiences { get; init; }

    [JsonPropertyName("exp")]
    public required long ExpiresSeconds { get; init; }

    [JsonPropertyName("iat")]
    public required long IssuedSeconds { get; init; }

    [JsonPropertyName("iss")]
    public required string Issuer { get; init; }

    [JsonPropertyName("jti")]
    public required string TokenId { get; init; }

    [JsonPropertyName("kubernetes.io")]
    public required ServiceAccountClaims Claims { get; init; }

    [JsonPropertyName("nbf")]
    public required long NotBeforeSeconds { get; init; }

    [JsonPropertyName("sub")]
    public required string Subject { get; init; }
}

internal sealed record LegacyPayload
{
    public const string LegacyIssuer = "kubernetes/serviceaccount";

    [JsonPropertyName("iss")]
    public required string Issuer { get; init; }

    [JsonPropertyName("kubernetes.io/serviceaccount/namespace")]
    public required string Namespace { get; init; }

    [JsonPropertyName("kubernetes.io/serviceaccount/secret.name")]
    public required string Secret { get; init; }

    [JsonPropertyName("kubernetes.io/serviceaccount/service-account.name")]
    public required string Account { get; init; }

    [JsonPropertyName("kubernetes.io/serviceaccount/service-account.uid")]
    public required string Uid { get; init; }

    [JsonPropertyName("sub")]
    public required string Subject { get; init; }
}

internal sealed record PublicKeySet([property: JsonPropertyName("keys")] IReadOnlyList<PublicKey> Keys);

internal sealed record PublicKey(
    [property: JsonPropertyName("use")] string Use,
    [property: JsonPropertyName("kty")] string Type,
    [property: JsonPropertyName("kid")] string KeyId,
    [property: JsonPropertyName("crv")] string Curve,
    [property: JsonPropertyName("alg")] string Algorithm,
    [property: JsonPropertyName("x")] string X,
    [property: JsonPropertyName("y")] string Y);

[JsonSerializable(typeof(TokenHeader))]
[JsonSerializable(typeof(TokenPayload))]
[JsonSerializable(typeof(LegacyPayload))]
[JsonSerializable(typeof(PublicKeySet))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class TokenJson : JsonSerializerContext;
