using System.CommandLine;
using Flotilla.Docker;

namespace Flotilla.Commands;

/// <summary>For a shell: <c>eval $(flotilla docker-env)</c> makes docker drive this cluster.</summary>
internal static class DockerEnvCommand
{
    public static Command Create()
    {
        var unset = new Option<bool>("--unset", "-u") { Description = "Print what makes docker forget this cluster." };
        var command = new Command("docker-env", "Print what makes the docker CLI of a shell drive this cluster.") { unset };
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed => Console.WriteLine(parsed.GetValue(unset) ? "unset DOCKER_HOST" : $"export DOCKER_HOST={DockerServer.HostOf(flags.ReadServer(parsed).DockerSocket)}"));
        return command;
    }
}
