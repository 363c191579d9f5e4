using System.CommandLine;
using System.Diagnostics;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands.Nodes;

/// <summary>A shell in the network of one of this machine's nodes, with its container runtime at hand.</summary>
internal static class ShellCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME");
        var words = new Argument<string[]>("COMMAND") { Description = "What to run instead of a shell; put -- before it.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("shell", "Open a shell in a node of this machine, or run a command there.") { name, words };
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Preflight.CheckPrivilege("flotilla node shell");
            var cluster = flags.ReadServer(parsed);
            var own = parsed.GetValue(name) == cluster.NodeName;
            var node = own ? cluster : new LocalNodes(cluster).Find(parsed.GetValue(name)!);
            IReadOnlyList<string> prefix = node.LocalAddress is null ? [] : new NodeNetns(cluster, node).Prefix;
            if (prefix.Count > 0 && !File.Exists($"/run/netns/{new NodeNetns(cluster, node).Name}"))
            {
                throw new UserError($"Node {node.NodeName} is stopped; start it with: flotilla node start {node.NodeName}");
            }

            string[] line = [.. prefix, .. parsed.GetValue(words) is { Length: > 0 } given ? given : [Environment.GetEnvironmentVariable("SHELL") ?? "/bin/sh"]];
            var start = new ProcessStartInfo(line[0], line[1..]) { UseShellExecute = false };
            start.Environment["FLOTILLA_NODE"] = node.NodeName;
            start.Environment["CONTAINERD_ADDRESS"] = NodeComposition.NodeOptionsFor(node).RuntimeSocket;
            start.Environment["CONTAINERD_NAMESPACE"] = "k8s.io";
            using var shell = Process.Start(start) ?? throw new UserError($"{line[0]} does not start.");
            await shell.WaitForExitAsync(cancellationToken);
            return shell.ExitCode;
        });
        return command;
    }
}
