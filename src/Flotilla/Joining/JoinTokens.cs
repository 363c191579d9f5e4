using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>The join tokens of a cluster.</summary>
internal sealed class JoinTokens(IObjectClient client, TimeProvider time)
{
    public static readonly TimeSpan UsualLifetime = TimeSpan.FromHours(24);

    // Who gets a token should have time to use it.
    private static readonly TimeSpan ShortestRest = TimeSpan.FromHours(1);

    /// <summary>Those that still hold, the newest expiry first.</summary>
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

    /// <summary>False: there is none of this id.</summary>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1Secret>(new ObjectKey(BootstrapToken.Namespace, BootstrapToken.NameOf(id)), null, cancellationToken);
            return true;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }
}
