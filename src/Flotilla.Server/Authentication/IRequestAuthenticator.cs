using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>One way for a request to say who it comes from.</summary>
public interface IRequestAuthenticator
{
    /// <summary>Nobody: such credentials are not shown. Rejected: they are shown and do not hold.</summary>
    ValueTask<Identification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken);
}

/// <summary>One kind of bearer token.</summary>
public interface ITokenAuthenticator
{
    /// <param name="audiences">Whom the token must be meant for; empty: the API server.</param>
    ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken);
}

/// <summary>Who somebody is, or why that was not believed, or neither.</summary>
/// <param name="Audiences">Those of the asked ones that the credentials are meant for.</param>
/// <param name="Warnings">What the client should be told although it was let in.</param>
public sealed record Identification(RequestUser? User, string? Rejection = null, IReadOnlyList<string>? Audiences = null, IReadOnlyList<string>? Warnings = null)
{
    public static readonly Identification Nobody = new((RequestUser?)null);

    public static Identification Reject(string reason) => new(null, reason);
}
