using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Local;
using Flotilla.Server.Joining;
using Flotilla.Storage;
using Flotilla.Storage.Etcd.Members;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>Lets a machine be a server of this cluster: it gets the cluster's keys and a place in its etcd, unless its name is somebody's.</summary>
/// <param name="etcd">null: the servers run none.</param>
internal sealed class ServerAdmission(ClusterSettings settings, EtcdCluster? etcd, IObjectClient client, TimeProvider time) : IServerAdmission
{
    public const string NotShared =
        "This cluster keeps its objects in a file of its one server, which others cannot share; let it run etcd first: flotilla up --cluster-init";

    private const int Conflict = 409;

    public async Task<byte[]> AdmitAsync(JoiningServer server, bool isNode, CancellationToken cancellationToken)
    {
        if (!settings.Datastore.IsEtcd)
        {
            throw Refuse(NotShared);
        }

        await CheckNameAsync(server, isNode, cancellationToken);
        return ServerPackage.For(settings, await TicketAsync(server, cancellationToken)).ToJson();
    }

    private async Task<JoinTicket?> TicketAsync(JoiningServer server, CancellationToken cancellationToken)
    {
        try
        {
            return etcd is null ? null : await etcd.AddLearnerAsync(server.Name, new UriBuilder("https", server.Address, server.EtcdPeerPort).Uri, cancellationToken);
        }
        catch (StorageException refused)
        {
            throw Refuse(refused.Message);
        }
    }

    private async Task CheckNameAsync(JoiningServer server, bool isNode, CancellationToken cancellationToken)
    {
        if (!isNode && (server.Name == settings.NodeName || await IsAliveAsync(server.Name, cancellationToken)))
        {
            throw Refuse($"A node named {server.Name} is alive in this cluster; give this machine another name with --node-name, or remove that node first with: flotilla node rm {server.Name}");
        }

        var servers = await client.ListAsync<V1Lease>(new ListScope(ServerLeases.Namespace, $"{ServerLeases.Label}={ServerLeases.LabelValue}"), cancellationToken);
        if (servers.Items.FirstOrDefault(other => ServerLeases.AuthorityOf(other) == server.Authority && ServerLeases.NameOf(other) != server.Name) is { } taken)
        {
            throw Refuse($"The server {ServerLeases.NameOf(taken)} answers at {server.Authority} already; give this one another --api-port, or remove that with: flotilla node rm {ServerLeases.NameOf(taken)}");
        }
    }

    private async Task<bool> IsAliveAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            var lease = await client.GetAsync<V1Lease>(new ObjectKey("kube-node-lease", node), cancellationToken);
            return lease.Spec?.RenewTime is { } renewed && time.GetUtcNow() - renewed.ToUniversalTime() < settings.NodeGracePeriod;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    private static ApiException Refuse(string why) => new(new V1Status { Kind = "Status", ApiVersion = "v1", Status = "Failure", Code = Conflict, Reason = "Conflict", Message = why });
}
