using System.CommandLine;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Node.Joining;
using k8s.Models;

namespace Flotilla.Commands.Nodes;

/// <summary>A worker becomes a server and a server a worker; what runs there goes on. Of another machine, what to type there is told.</summary>
internal static class RoleCommands
{
    private static readonly TimeSpan CertificateLifetime = TimeSpan.FromHours(24);

    public static Command Promote()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("promote", "Make a worker one of the cluster's servers.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var node = await NodeDrain.FindAsync(client, parsed.GetValue(name)!, cancellationToken);
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

            await PromoteAsync(settings, nodes, nodes.Find(node.Metadata.Name), client, cancellationToken);
            Console.WriteLine($"{node.Metadata.Name} is a server.");
        });
        return command;
    }

    public static Command Demote()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("demote", "Make a server a worker.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var node = (await NodeDrain.FindAsync(client, parsed.GetValue(name)!, cancellationToken)) is { } found && IsServer(found)
                ? found.Metadata.Name
                : throw new UserError($"{parsed.GetValue(name)} is no server.");
            if (node == settings.NodeName)
            {
                throw new UserError($"{node} is the server that this command asks; demote it from another one.");
            }

            var nodes = new LocalNodes(settings);
            if (!nodes.Exists(node))
            {
                throw new UserError($"{node} is another machine: end it there with 'flotilla down --purge', take it out here with 'flotilla node rm {node}', and let it join by 'flotilla agent' with a new token.");
            }

            await DemoteAsync(settings, nodes, nodes.Find(node), client, cancellationToken);
            Console.WriteLine($"{node} is a worker.");
        });
        return command;
    }

    public static bool IsServer(V1Node node) => node.Metadata.Labels?.ContainsKey(NodeComposition.ServerLabel) == true;

    private static async Task PromoteAsync(ClusterSettings settings, LocalNodes nodes, ClusterSettings worker, HttpObjectClient client, CancellationToken cancellationToken)
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

    private static async Task DemoteAsync(ClusterSettings settings, LocalNodes nodes, ClusterSettings server, HttpObjectClient client, CancellationToken cancellationToken)
    {
        var removal = new ServerRemoval(settings, client);
        await removal.LeaveEtcdAsync(server.NodeName, cancellationToken);
        await new ServerProcess(server).StopAsync(cancellationToken);
        await ManagedEtcd.EndAsync(server, cancellationToken);

        // Its pods go on, so its node stays: with a certificate that its own authority still gives it, before that goes.
        var identity = ControlPlane.IdentityFor(server, TimeProvider.System);
        var (authority, own) = (identity.CaCertificate, identity.IssueClientCertificate($"system:node:{server.NodeName}", ["system:nodes"], CertificateLifetime));
        DataRemoval.Delete(server.IdentityDirectory);
        DataRemoval.Delete(Path.Combine(server.DataDirectory, "etcd"));
        var node = new NodeIdentity(server.IdentityDirectory);
        node.SetAuthority(authority);
        node.SetClient($"{own.CertificatePem.Trim()}\n{own.KeyPem}\n");
        var worker = nodes.AsWorker(server) with { Datastore = new DatastoreSettings() };
        worker.Save();
        await removal.ForgetAsync(server.NodeName, cancellationToken);
        await nodes.StartAsync(worker, null, cancellationToken);
    }
}
