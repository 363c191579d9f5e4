using System.Text.Json.Serialization;

namespace Flotilla.Server.Identity;

/// <summary>An object that a token depends on: when it is gone, the token is void.</summary>
public sealed record BoundObject(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("uid")] string? Uid);

/// <summary>What a service account token says, in the claim <c>kubernetes.io</c>.</summary>
public sealed record ServiceAccountClaims(
    [property: JsonPropertyName("namespace")] string Namespace,
    [property: JsonPropertyName("serviceaccount")] BoundObject ServiceAccount)
{
    [JsonPropertyName("node")]
    public BoundObject? Node { get; init; }

    [JsonPropertyName("pod")]
    public BoundObject? Pod { get; init; }

    [JsonPropertyName("secret")]
    public BoundObject? Secret { get; init; }

    /// <summary>When whoever holds the token should have fetched a new one.</summary>
    [JsonPropertyName("warnafter")]
    public long? WarnAfterSeconds { get; init; }

    [JsonIgnore]
    public string UserName => $"system:serviceaccount:{Namespace}:{ServiceAccount.Name}";

    [JsonIgnore]
    public IReadOnlyList<string> Groups =>
        ["system:serviceaccounts", $"system:serviceaccounts:{Namespace}", "system:authenticated"];
}

public sealed record IssuedToken(string Token, DateTimeOffset Expires)
{
    /// <summary>Its claim <c>jti</c>.</summary>
    public string TokenId { get; init; } = "";
}

/// <summary>A token's bearer, or why it is not accepted.</summary>
/// <param name="Audiences">Those of the asked ones that the token is meant for.</param>
public sealed record TokenVerdict(ServiceAccountClaims? Claims, string? TokenId, IReadOnlyList<string> Audiences, string? Rejection)
{
    /// <summary>Somebody else may know the token.</summary>
    internal static readonly TokenVerdict NotOurs = Reject("invalid bearer token");

    internal static TokenVerdict Reject(string reason) => new(null, null, [], reason);
}
