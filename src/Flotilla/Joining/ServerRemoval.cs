using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Joining;

/// <summary>Takes a server out of the control plane: out of etcd before its machine ends, then out of what the cluster tells.</summary>
internal sealed class ServerRemoval(ClusterSettings settings, IObjectClient client)
{
    /// <exception cref="Storage.StorageException">The other members would have no quorum.</exception>
    public async Task LeaveEtcdAsync(string server, CancellationToken cancellationToken)
    {
        if (settings.Datastore.Etcd is null)
        {
            return;
        }

        using var etcd = ManagedEtcd.ClusterFor(settings, TimeProvider.System, NullLoggerFactory.Instance);
        if ((await etcd.ListAsync(cancellationToken)).Members.FirstOrDefault(member => member.Name == server) is { } known)
        {
            await etcd.RemoveAsync(known.Id, cancellationToken);
        }
    }

    /// <summary>When it has ended: its lease goes, and its node is a worker's.</summary>
    public async Task ForgetAsync(string server, CancellationToken cancellationToken)
    {
        var leases = await client.ListAsync<V1Lease>(new ListScope(ServerLeases.Namespace, $"{ServerLeases.Label}={ServerLeases.LabelValue}"), cancellationToken);
        foreach (var lease in leases.Items.Where(lease => ServerLeases.NameOf(lease) == server))
        {
            await client.DeleteAsync<V1Lease>(lease.Key(), null, cancellationToken);
        }

        var label = new Dictionary<string, object?>(StringComparer.Ordinal) { [ServerLeases.NodeLabel] = null };
        var patch = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { labels = label } });
        try
        {
            await client.PatchAsync<V1Node>(new ObjectKey(null, server), new Patch(PatchKind.Merge, patch), null, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            // Its node went before.
            return;
        }
    }
}
