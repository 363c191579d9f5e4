using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Commands;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Node.Joining;
using k8s.Models;

namespace Flotilla.Local.Nodes;

/// <summary>Makes a worker of this machine a server of the cluster and a server a worker; what runs there goes on. Of another machine, what to type there is told.</summary>
internal sealed class NodeRoles(ClusterSettings settings, HttpObjectClient client)
{
    private static readonly TimeSpan CertificateLifetime = TimeSpan.FromHours(24);

    /// <exception cref="UserError">It cannot be, and why.</exception>
    public async Task PromoteAsync(V1Node node, CancellationToken cancellationToken)
    {
        if (IsServer(node))
        {
            throw new UserError($"{node.Metadata.Name} is a server already.");
        }

        if (!settings.Datastore.IsEtcd)
        {
            throw new UserError(ServerAdmission.NotShared);
        }

        var nodes = new LocalNodes(settings);
        if (!nodes.Exists(node.Metadata.Name))
        {
            var token = await new JoinTokens(client, TimeProvider.System).CreateManagerAsync(
                TokenCommand.AuthorityHashOf(settings), JoinTokens.UsualLifetime, $"to promote {node.Metadata.Name}", cancellationToken);
            throw new UserError($"{node.Metadata.Name} is another machine: end its agent there, and run: {TokenCommand.ServerJoinCommandFor(settings, token)} --node-name {node.Metadata.Name}");
        }

        await PromoteAsync(nodes, nodes.Find(node.Metadata.Name), cancellationToken);
    }

    /// <exception cref="UserError">It cannot be, and why.</exception>
    public async Task DemoteAsync(V1Node node, CancellationToken cancellationToken)
    {
        var name = IsServer(node) ? node.Metadata.Name : throw new UserError($"{node.Metadata.Name} is no server.");
        if (name == settings.NodeName)
        {
            throw new UserError($"{name} is the server that this command asks; demote it from another one.");
        }

        var nodes = new LocalNodes(settings);
        if (!nodes.Exists(name))
        {
            throw new UserError($"{name} is another machine: end it there with 'flotilla down --purge', take it out here with 'flotilla node rm {name}', and let it join by 'flotilla agent' with a new token.");
        }

        await DemoteAsync(nodes, nodes.Find(name), cancellationToken);
    }

    public static bool IsServer(V1Node node) => node.Metadata.Labels?.ContainsKey(ServerLeases.NodeLabel) == true;

    private async Task PromoteAsync(LocalNodes nodes, ClusterSettings worker, CancellationToken cancellationToken)
    {
        await new ServerProcess(worker).StopAsync(cancellationToken);
        var server = nodes.AsServer(worker);
        server.Save();
        try
        {
            await nodes.StartAsync(server, await new LocalTokens(settings, client).ForAsync(server, cancellationToken), cancellationToken);
        }
        catch (UserError) when (new ServerProcess(server).Find() is null && ClusterSettings.Load(server.DataDirectory).Join is { IsDone: false })
        {
            // It is what it was before.
            worker.Save();
            await nodes.StartAsync(worker, null, cancellationToken);
            throw;
        }
    }

    private async Task DemoteAsync(LocalNodes nodes, ClusterSettings server, CancellationToken cancellationToken)
    {
        var removal = new ServerRemoval(settings, client);
        await removal.LeaveEtcdAsync(server.NodeName, cancellationToken);
        await new ServerProcess(server).StopAsync(cancellationToken);
        await ManagedEtcd.EndAsync(server, cancellationToken);

        // Its pods go on, so its node stays: with a certificate that its own authority still gives it, before that goes.
        var identity = ControlPlane.IdentityFor(server, TimeProvider.System);
        var (authorities, own) = (identity.Authorities, identity.IssueClientCertificate($"system:node:{server.NodeName}", ["system:nodes"], CertificateLifetime));
        DataRemoval.Delete(server.IdentityDirectory);
        DataRemoval.Delete(Path.Combine(server.DataDirectory, "etcd"));
        var node = new NodeIdentity(server.IdentityDirectory);
        node.SetAuthorities(authorities);
        node.SetClient($"{own.CertificatePem.Trim()}\n{own.KeyPem}\n");
        var worker = nodes.AsWorker(server) with { Datastore = new DatastoreSettings() };
        worker.Save();
        await removal.ForgetAsync(server.NodeName, cancellationToken);
        await nodes.StartAsync(worker, null, cancellationToken);
    }
}
