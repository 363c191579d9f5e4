using System.Net;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using k8s.Models;

namespace Flotilla.Joining;

internal enum ServerState
{
    Leader,
    Reachable,
    Unreachable,
}

/// <summary>The cluster's servers as they answer from here, at this moment.</summary>
internal sealed class ServerStates(ClusterSettings settings, IObjectClient client)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>By the names of their nodes.</summary>
    public async Task<IReadOnlyDictionary<string, ServerState>> ReadAsync(CancellationToken cancellationToken)
    {
        var leader = await LeaderAsync(cancellationToken);
        var states = await Task.WhenAll((await PlacesAsync(client, cancellationToken)).Select(async server => (
            server.Name, State: !await AnswersAsync(server.At, cancellationToken) ? ServerState.Unreachable : server.Name == leader ? ServerState.Leader : ServerState.Reachable)));
        return states.ToDictionary(server => server.Name, server => server.State, StringComparer.Ordinal);
    }

    /// <summary>Where the servers are that the cluster has, whether they answer or not.</summary>
    public static async Task<IReadOnlyList<(string Name, DnsEndPoint At)>> PlacesAsync(IObjectClient client, CancellationToken cancellationToken)
    {
        var leases = await client.ListAsync<V1Lease>(new ListScope(ServerLeases.Namespace, $"{ServerLeases.Label}={ServerLeases.LabelValue}"), cancellationToken);
        return [.. leases.Items.Select(lease => (Name: ServerLeases.NameOf(lease)!, At: ServerList.Parse(ServerLeases.AuthorityOf(lease) ?? "")!)).Where(server => server is { Name: not null, At: not null })];
    }

    private async Task<string?> LeaderAsync(CancellationToken cancellationToken)
    {
        try
        {
            return ServerLeases.LeaderOf(await client.GetAsync<V1Lease>(new ObjectKey(ServerLeases.Namespace, ServerLeases.Leader), cancellationToken));
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    private async Task<bool> AnswersAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        using var there = ControlPlane.AdminClient(settings, server, Patience);
        try
        {
            await there.SendAsync(HttpMethod.Get, "/readyz", null, default, cancellationToken);
            return true;
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException or TimeoutException or ApiException)
        {
            return false;
        }
    }
}
