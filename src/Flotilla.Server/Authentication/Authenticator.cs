using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>
/// Says who a request comes from, by the first credentials that hold. Whoever shows none is anonymous; whoever shows
/// only bad ones is turned away. Then the request may ask to be treated as somebody else's.
/// </summary>
public sealed class Authenticator(IReadOnlyList<IRequestAuthenticator> authenticators, Impersonation impersonation)
{
    /// <exception cref="Api.ApiException">401: no credentials hold. 403: the user may not act as the other one.</exception>
    public async ValueTask<Caller> AuthenticateAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var (user, warnings) = await IdentifyAsync(context, cancellationToken);
        var acting = await impersonation.ApplyAsync(user, context.Request.Headers, cancellationToken);
        return new Caller(acting ?? user, acting is null ? null : user, warnings);
    }

    private async ValueTask<(RequestUser User, IReadOnlyList<string> Warnings)> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var rejected = false;
        foreach (var authenticator in authenticators)
        {
            var found = await authenticator.IdentifyAsync(context, cancellationToken);
            if (found.User is { } user)
            {
                return (user, found.Warnings ?? []);
            }

            rejected |= found.Rejection is not null;
        }

        return rejected ? throw Failures.Unauthorized() : (RequestUser.Anonymous, []);
    }
}

/// <summary>Who a request is treated as, and who really sent it when that is somebody else.</summary>
public sealed record Caller(RequestUser User, RequestUser? Impersonator, IReadOnlyList<string> Warnings);
