using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>The join tokens of a cluster: those for workers, and those for managers, which are its servers.</summary>
internal sealed class JoinTokens(IObjectClient client, TimeProvider time)
{
    public static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(24);

    // Who gets a token should have time to use it.
    private static readonly TimeSpan ShortestRest = TimeSpan.FromHours(1);

    // So long it can be told of a token that it expired or was revoked.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(7);

    /// <summary>Those for workers that still hold, the newest expiry first.</summary>
    public async Task<IReadOnlyList<BootstrapToken>> ListAsync(CancellationToken cancellationToken)
    {
        var secrets = await client.ListAsync<V1Secret>(new ListScope(BootstrapToken.Namespace, FieldSelector: $"type={BootstrapToken.Type}"), cancellationToken);
        return [.. secrets.Items.Select(BootstrapToken.From).OfType<BootstrapToken>()
            .Where(token => token.Expires is not { } end || end > time.GetUtcNow())
            .OrderByDescending(token => token.Expires ?? DateTimeOffset.MaxValue)];
    }

    /// <param name="lifetime">null: for ever.</param>
    public async Task<BootstrapToken> CreateAsync(TimeSpan? lifetime, string description, CancellationToken cancellationToken)
    {
        var random = JoinToken.Create("");
        var token = new BootstrapToken(random.Id, random.Secret, lifetime is { } span ? time.GetUtcNow() + span : null, description);
        await KeepAsync(TokenRole.Worker, token.Id, token.Secret, token.Expires, description, cancellationToken);
        await client.CreateAsync(token.ToSecret(), cancellationToken);
        return token;
    }

    /// <summary>One that holds for a while yet; made if there is none.</summary>
    public async Task<BootstrapToken> EnsureAsync(CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(token => token.Expires is not { } end || end - time.GetUtcNow() > ShortestRest)
        ?? await CreateAsync(UsualLifetime, "made at start", cancellationToken);

    /// <summary>Those for servers that still hold, the newest expiry first.</summary>
    public async Task<IReadOnlyList<KeptToken>> ListManagersAsync(CancellationToken cancellationToken) =>
        [.. (await KeptAsync(TokenRole.Manager, cancellationToken)).Where(token => token.Holds(time.GetUtcNow())).OrderByDescending(token => token.Expires ?? DateTimeOffset.MaxValue)];

    /// <summary>One for servers: what is to be shown once, for only a hash is kept.</summary>
    /// <param name="lifetime">null: for ever.</param>
    public async Task<JoinToken> CreateManagerAsync(string authorityHash, TimeSpan? lifetime, string description, CancellationToken cancellationToken)
    {
        var token = JoinToken.Create(authorityHash);
        await KeepAsync(TokenRole.Manager, token.Id, token.Secret, lifetime is { } span ? time.GetUtcNow() + span : null, description, cancellationToken);
        return token;
    }

    /// <summary>False: there is none of this id that holds.</summary>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        var wasManagers = await MarkAsync(TokenRole.Manager, id, cancellationToken);
        await MarkAsync(TokenRole.Worker, id, cancellationToken);
        return await DeleteAsync(BootstrapToken.NameOf(id), cancellationToken) || wasManagers;
    }

    // What is known of it stays, so that whoever comes with it can be told.
    private async Task<bool> MarkAsync(TokenRole role, string id, CancellationToken cancellationToken)
    {
        if ((await KeptAsync(role, cancellationToken)).FirstOrDefault(token => token.Id == id && token.Revoked is null) is not { } known)
        {
            return false;
        }

        await client.UpdateAsync((known with { Revoked = time.GetUtcNow() }).ToSecret(), cancellationToken);
        return true;
    }

    // Those that ended long ago go.
    private async Task KeepAsync(TokenRole role, string id, string secret, DateTimeOffset? expires, string description, CancellationToken cancellationToken)
    {
        await client.CreateAsync(new KeptToken(role, id, KeptToken.HashOf(secret), expires, null, description).ToSecret(), cancellationToken);
        foreach (var old in (await KeptAsync(role, cancellationToken)).Where(old => old.EndedBy(time.GetUtcNow()) is { } end && time.GetUtcNow() - end > Remembered))
        {
            await DeleteAsync(role.NameOf(old.Id), cancellationToken);
        }
    }

    private async Task<IReadOnlyList<KeptToken>> KeptAsync(TokenRole role, CancellationToken cancellationToken)
    {
        var secrets = await client.ListAsync<V1Secret>(new ListScope(KeptToken.Namespace, FieldSelector: $"type={role.Type}"), cancellationToken);
        return [.. secrets.Items.Select(secret => KeptToken.From(role, secret)).OfType<KeptToken>()];
    }

    private async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1Secret>(new ObjectKey(BootstrapToken.Namespace, name), null, cancellationToken);
            return true;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }
}
