using System.CommandLine;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Swarm.Tasks;
using k8s.Models;

namespace Flotilla.Commands;

/// <summary>A command in a task of a service, on whatever node it runs: by the API server, which knows the way to every node.</summary>
internal static class ServiceExecCommand
{
    public static Command Create()
    {
        var task = new Argument<string>("SERVICE[.SLOT]") { Description = "A service of the swarm, and which of its tasks: a slot, a node or a task's id. Default: the first that runs." };
        var line = new Argument<string[]>("COMMAND") { Description = "What to run; put -- before a command with flags.", Arity = ArgumentArity.OneOrMore };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Give it this command's input." };
        var terminal = new Option<bool>("--tty", "-t") { Description = "Give it a terminal." };
        var command = new Command("exec", "Run a command in a task of a swarm service, wherever it runs.") { task, line, interactive, terminal };
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(flags.ReadServer(parsed), parsed.GetValue(task)!, new RemoteCommand(parsed.GetValue(line)!, parsed.GetValue(interactive), parsed.GetValue(terminal)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, string word, RemoteCommand command, CancellationToken cancellationToken)
    {
        if (command.HasTerminal && command.HasInput && Console.IsInputRedirected)
        {
            throw new UserError("The input is not a terminal; leave -t out.");
        }

        using var client = ControlPlane.AdminClient(settings);
        try
        {
            var tasks = (await client.ListAsync<V1Pod>(new ListScope(LabelSelector: TaskChoice.Selector), cancellationToken)).Items;
            var pod = TaskChoice.Find(tasks, word)
                ?? throw new UserError($"No running task is {word}; 'docker service ls' lists the services, 'docker service ps SERVICE' their tasks and why one does not run.");
            return await command.RunAsync(client, pod, cancellationToken);
        }
        catch (HttpRequestException)
        {
            throw new UserError($"The server does not answer at {ControlPlane.ServerUrl(settings)}; start it with: flotilla up");
        }
        catch (Api.ApiException refused)
        {
            throw new UserError(refused.Message);
        }
    }
}
