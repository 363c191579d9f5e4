using System.CommandLine;
using System.Globalization;
using Flotilla.Client;
using Flotilla.Joining;
using Flotilla.Local.Nodes;
using k8s.Models;
using Spectre.Console;

namespace Flotilla.Commands.Nodes;

/// <summary>The nodes of the cluster, and of those that are servers how they are.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("ls", "List the nodes.");
        AdminAction.Set(command, async (settings, client, _, cancellationToken) =>
        {
            var local = new LocalNodes(settings);
            var table = new Table { Border = TableBorder.None };
            table.AddColumns("NAME", "STATUS", "MANAGER STATUS", "ADDRESS", "PODS", "WHERE");
            var nodes = await client.ListAsync<V1Node>(ListScope.All, cancellationToken);
            var servers = await new ServerStates(settings, client).ReadAsync(cancellationToken);
            var pods = (await client.ListAsync<V1Pod>(ListScope.All, cancellationToken)).Items.CountBy(pod => pod.Spec.NodeName ?? "").ToDictionary(StringComparer.Ordinal);
            foreach (var node in nodes.Items)
            {
                var name = node.Metadata.Name;
                table.AddRow(
                    name.EscapeMarkup(),
                    local.Exists(name) && !local.Runs(name) ? "[red]stopped[/]" : StateOf(node),
                    servers.TryGetValue(name, out var state) ? Text(state) : NodeRoles.IsServer(node) ? Text(ServerState.Unreachable) : "",
                    node.Status?.Addresses?.FirstOrDefault(address => address.Type == "InternalIP")?.Address ?? "",
                    pods.GetValueOrDefault(name).ToString(CultureInfo.InvariantCulture),
                    name == settings.NodeName || local.Exists(name) ? "this machine" : "");
            }

            foreach (var stopped in local.Names.Except(nodes.Items.Select(node => node.Metadata.Name), StringComparer.Ordinal))
            {
                table.AddRow(stopped.EscapeMarkup(), "stopped", "", "", "0", "this machine");
            }

            AnsiConsole.Write(table);
        });
        return command;
    }

    private static string Text(ServerState state) => state == ServerState.Unreachable ? "[red]Unreachable[/]" : state.ToString();

    private static string StateOf(V1Node node) =>
        (node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status switch { "True" => "[green]Ready[/]", "False" => "[red]NotReady[/]", _ => "[red]Unknown[/]" })
        + (node.Spec?.Unschedulable == true ? ", drained" : "");
}
