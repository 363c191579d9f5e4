using System.CommandLine;
using Flotilla.Joining;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands.Nodes;

/// <summary>A worker becomes a server and a server a worker; what runs there goes on. Of another machine, what to type there is told.</summary>
internal static class RoleCommands
{
    public static Command Promote()
    {
        var name = new Argument<string>("NAME");
        var command = new Command("promote", "Make a worker one of the cluster's servers.") { name };
        AdminAction.Set(command, async (settings, client, parsed, cancellationToken) =>
        {
            var node = await NodeDrain.FindAsync(client, parsed.GetValue(name)!, cancellationToken);
            await new NodeRoles(settings, client).PromoteAsync(node, cancellationToken);
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
            var node = await NodeDrain.FindAsync(client, parsed.GetValue(name)!, cancellationToken);
            await new NodeRoles(settings, client).DemoteAsync(node, cancellationToken);
            Console.WriteLine($"{node.Metadata.Name} is a worker.");
        });
        return command;
    }
}
