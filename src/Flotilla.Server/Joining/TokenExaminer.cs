using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Joining;

/// <summary>What is wrong with a token that somebody comes with, as far as he may know.</summary>
internal sealed class TokenExaminer(IStore store, TimeProvider time)
{
    private const string Bearer = "Bearer ";

    /// <returns>The token's id, and a sentence; null: it holds.</returns>
    public async Task<(string Id, string? Problem)> ExamineAsync(TokenRole role, string authorization, CancellationToken cancellationToken)
    {
        var token = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : "";
        if (JoinToken.ParseBearer(token) is not { } parts)
        {
            return ("", $"To join takes a {role.Title}; {role.Remedy}.");
        }

        var (id, secret) = parts;

        // One that was just made, or revoked, at another server.
        await store.CatchUpAsync(cancellationToken);
        return await FindAsync(role, id, cancellationToken) is { } known ? (id, known.ProblemOf(secret, time.GetUtcNow())) : (id, role.Unknown(id));
    }

    private async Task<KeptToken?> FindAsync(TokenRole role, string id, CancellationToken cancellationToken) =>
        await store.GetAsync($"{CoreKinds.Secret.StoragePrefix}{KeptToken.Namespace}/{role.NameOf(id)}", cancellationToken) is { } found
        && KeptToken.From(role, ObjectJson.Decode<V1Secret>(found.Value.Span)) is { } known && known.Id == id ? known : null;
}
