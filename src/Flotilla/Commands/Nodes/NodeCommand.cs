using System.CommandLine;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands.Nodes;

/// <summary>The nodes of the cluster: those on this machine are made and removed, all are drained and taken out.</summary>
internal static class NodeCommand
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);

    public static Command Create() => new("node", "The nodes of the cluster.")
    {
        ListCommand.Create(), Add(), Start(), Stop(), Delete(), ShellCommand.Create(), Drain(), RoleCommands.Promote(), RoleCommands.Demote(), Remove(),
    };

    private static Command Add()
    {
        var name = new Argument<string?>("NAME") { Description = "Its name (the next free one).", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("add", "Make another node on this machine.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var nodes = new LocalNodes(settings);
            var wanted = parsed.GetValue(name) ?? nodes.NamesFor(nodes.Names.Count + 2)[^1];
            if (nodes.Exists(wanted) || wanted == settings.NodeName)
            {
                throw new UserError($"There is a node {wanted} already; 'flotilla node start {wanted}' continues one that was stopped.");
            }

            nodes = new LocalNodes(await nodes.EnsureNetworkAsync(true, cancellationToken));
            await StartAsync(settings, nodes, nodes.Prepare(wanted), client, cancellationToken);
        });
        return command;
    }

    private static Command Start()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("start", "Continue a node of this machine that was stopped.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var nodes = new LocalNodes(settings);
            var node = nodes.Find(parsed.GetValue(name)!);
            await nodes.EnsureNetworkAsync(true, cancellationToken);
            await StartAsync(settings, nodes, node, client, cancellationToken);
        });
        return command;
    }

    private static Command Stop()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("stop", "Switch a node of this machine off, as a machine is; 'start' continues it.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var nodes = new LocalNodes(settings);
            await nodes.SwitchOffAsync(nodes.Find(parsed.GetValue(name)!), client, StopGrace, cancellationToken);
            Console.WriteLine($"Node {parsed.GetValue(name)} is stopped.");
        });
        return command;
    }

    private static Command Delete()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("delete", "Take a node of this machine out of the cluster, with its data.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var nodes = new LocalNodes(settings);
            var node = nodes.Find(parsed.GetValue(name)!);
            var removal = new ServerRemoval(settings, client);
            if (node.Agent is null)
            {
                // Of two, none could decide that one is gone.
                await removal.LeaveEtcdAsync(node.NodeName, cancellationToken);
            }

            await nodes.SwitchOffAsync(node, client, StopGrace, cancellationToken);
            await removal.ForgetAsync(node.NodeName, cancellationToken);
            await new NodeRemoval(client, TimeProvider.System).RemoveAsync(node.NodeName, cancellationToken);
            LocalNodes.Delete(node);
            Console.WriteLine($"Node {node.NodeName} is gone.");
        });
        return command;
    }

    private static Command Drain()
    {
        var name = new Argument<string>("NAME");
        var timeout = Durations.Option("--timeout", "How long pods are waited for (5m).");
        var force = new Option<bool>("--force") { Description = "Also pods that nobody will make anew elsewhere." };
        var command = new Command("drain", "Move all pods off a node, as their disruption budgets allow, and give it no others.") { name, timeout, force };
        AdminAction.Set(command, async (_, client, parsed, cancellationToken) =>
        {
            var node = parsed.GetValue(name)!;
            var drain = new NodeDrain(client, TimeProvider.System, line => Console.WriteLine($"  {line}"));
            await drain.RunAsync(node, parsed.GetValue(timeout) ?? TimeSpan.FromMinutes(5), parsed.GetValue(force), cancellationToken);
            Console.WriteLine($"Node {node} is drained; 'kubectl uncordon {node}' gives it pods again.");
        });
        return command;
    }

    private static Command Remove()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("rm", "Take a node out of the cluster: its certificates hold no more.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var node = parsed.GetValue(name)!;
            if (node == settings.NodeName)
            {
                throw new UserError($"{node} is this server's own node; 'flotilla down' ends it.");
            }

            if (new LocalNodes(settings).Exists(node))
            {
                throw new UserError($"{node} is on this machine; remove it with: flotilla node delete {node}");
            }

            if ((await new ServerStates(settings, client).ReadAsync(cancellationToken)).TryGetValue(node, out var state) && state != ServerState.Unreachable)
            {
                throw new UserError($"{node} is a server and answers; end it there with 'flotilla down --purge' first. It has the cluster's keys.");
            }

            var removal = new ServerRemoval(settings, client);
            await removal.LeaveEtcdAsync(node, cancellationToken);
            await removal.ForgetAsync(node, cancellationToken);
            await new NodeRemoval(client, TimeProvider.System).RemoveAsync(node, cancellationToken);
            Console.WriteLine($"Node {node} is out of the cluster. What it runs there ends by 'flotilla down --purge' on that machine; a new token lets it join again.");
        });
        return command;
    }

    private static async Task StartAsync(ClusterSettings settings, LocalNodes nodes, ClusterSettings node, HttpObjectClient client, CancellationToken cancellationToken)
    {
        var isReady = await nodes.StartAsync(node, await new LocalTokens(settings, client).ForAsync(node, cancellationToken), cancellationToken);
        Console.WriteLine(isReady ? $"Node {node.NodeName} is Ready." : $"The server {node.NodeName} is locked; unlock it with 'docker swarm unlock' after: eval $(flotilla docker-env --node {node.NodeName})");
    }
}
