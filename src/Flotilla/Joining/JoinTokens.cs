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

    // So long it can be told of a token for servers that it expired or was revoked.
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
        await client.CreateAsync(token.ToSecret(), cancellationToken);
        return token;
    }

    /// <summary>One that holds for a while yet; made if there is none.</summary>
    public async Task<BootstrapToken> EnsureAsync(CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(token => token.Expires is not { } end || end - time.GetUtcNow() > ShortestRest)
        ?? await CreateAsync(UsualLifetime, "made at start", cancellationToken);

    /// <summary>Those for servers that still hold, the newest expiry first.</summary>
    public async Task<IReadOnlyList<ManagerToken>> ListManagersAsync(CancellationToken cancellationToken) =>
        [.. (await ManagersAsync(cancellationToken)).Where(token => token.Holds(time.GetUtcNow())).OrderByDescending(token => token.Expires ?? DateTimeOffset.MaxValue)];

    /// <summary>One for servers: what is to be shown once, for only a hash is kept. Those that ended long ago go.</summary>
    /// <param name="lifetime">null: for ever.</param>
    public async Task<JoinToken> CreateManagerAsync(string authorityHash, TimeSpan? lifetime, string description, CancellationToken cancellationToken)
    {
        var token = JoinToken.Create(authorityHash);
        var expires = lifetime is { } span ? time.GetUtcNow() + span : (DateTimeOffset?)null;
        await client.CreateAsync(new ManagerToken(token.Id, ManagerToken.HashOf(token.Secret), expires, null, description).ToSecret(), cancellationToken);
        foreach (var old in (await ManagersAsync(cancellationToken)).Where(old => old.EndedBy(time.GetUtcNow()) is { } end && time.GetUtcNow() - end > Remembered))
        {
            await DeleteAsync(ManagerToken.NameOf(old.Id), cancellationToken);
        }

        return token;
    }

    /// <summary>False: there is none of this id.</summary>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken) =>
        await RevokeManagerAsync(id, cancellationToken) || await DeleteAsync(BootstrapToken.NameOf(id), cancellationToken);

    // It stays, so that whoever comes with it can be told.
    private async Task<bool> RevokeManagerAsync(string id, CancellationToken cancellationToken)
    {
        if ((await ManagersAsync(cancellationToken)).FirstOrDefault(token => token.Id == id && token.Revoked is null) is not { } known)
        {
            return false;
        }

        await client.UpdateAsync((known with { Revoked = time.GetUtcNow() }).ToSecret(), cancellationToken);
        return true;
    }

    private async Task<IEnumerable<ManagerToken>> ManagersAsync(CancellationToken cancellationToken) =>
        (await client.ListAsync<V1Secret>(new ListScope(ManagerToken.Namespace, FieldSelector: $"type={ManagerToken.Type}"), cancellationToken)).Items.Select(ManagerToken.From).OfType<ManagerToken>();

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
