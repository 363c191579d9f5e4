namespace Flotilla.Server.Authentication.OpenId;

/// <summary>Another party whose identity tokens are accepted.</summary>
public sealed record OpenIdOptions
{
    /// <summary>https; its discovery document says where the keys are.</summary>
    public required Uri Issuer { get; init; }

    /// <summary>The audience tokens must name.</summary>
    public required string ClientId { get; init; }

    /// <summary>PEM certificates by which the issuer is recognized; null: those of the system.</summary>
    public string? CaFile { get; init; }

    public string UsernameClaim { get; init; } = "sub";

    /// <summary>null: <c>ISSUER#</c>, or nothing when the claim is <c>email</c>; "-": nothing.</summary>
    public string? UsernamePrefix { get; init; }

    /// <summary>A text or a list of texts; null: no groups.</summary>
    public string? GroupsClaim { get; init; }

    public string GroupsPrefix { get; init; } = "";

    public IReadOnlyDictionary<string, string> RequiredClaims { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> SigningAlgorithms { get; init; } = ["RS256"];
}
