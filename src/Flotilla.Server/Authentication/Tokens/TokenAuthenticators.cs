namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Every kind of token, tried in turn.</summary>
public sealed class TokenAuthenticators(IReadOnlyList<ITokenAuthenticator> known) : ITokenAuthenticator
{
    private const string Invalid = "invalid bearer token";

    /// <summary>Never <see cref="Identification.Nobody"/>: a token nobody knows is rejected.</summary>
    public async ValueTask<Identification> IdentifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        List<string> reasons = [Invalid];
        foreach (var authenticator in known)
        {
            var found = await authenticator.IdentifyAsync(token, audiences, cancellationToken);
            if (found.User is not null)
            {
                return found;
            }

            if (found.Rejection is { } reason)
            {
                reasons.Add(reason);
            }
        }

        return Identification.Reject(reasons.Count == 1 ? Invalid : $"[{string.Join(", ", reasons)}]");
    }
}
