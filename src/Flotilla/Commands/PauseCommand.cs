using System.CommandLine;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands;

/// <summary>The cluster of this machine holds still, and goes on where it was.</summary>
internal static class PauseCommand
{
    public static Command Create()
    {
        var command = new Command("pause", "Hold the cluster still: nothing of it takes a processor, everything stays in memory.");
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            Preflight.CheckPrivilege("flotilla pause");
            new PausedCluster(flags.ReadServer(parsed)).Pause();
            Console.WriteLine("The cluster is paused; 'flotilla unpause' goes on.");
        });
        return command;
    }

    public static Command CreateResume()
    {
        var command = new Command("unpause", "Go on with a cluster that was paused.");
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            Preflight.CheckPrivilege("flotilla unpause");
            Console.WriteLine(new PausedCluster(flags.ReadServer(parsed)).Resume() ? "The cluster goes on." : "The cluster is not paused.");
        });
        return command;
    }
}
