using System.CommandLine;
using Flotilla.Docker;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Commands;

/// <summary>For a shell: <c>eval $(flotilla docker-env)</c> makes docker drive this cluster.</summary>
internal static class DockerEnvCommand
{
    public static Command Create()
    {
        var unset = new Option<bool>("--unset", "-u") { Description = "Print what makes docker forget this cluster." };
        var node = new Option<string?>("--node") { Description = "The engine of another node of this machine." };
        var command = new Command("docker-env", "Print what makes the docker CLI of a shell drive this cluster, or the engine of one of its nodes.") { unset, node };
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed => Console.WriteLine(parsed.GetValue(unset) ? "unset DOCKER_HOST" : $"export DOCKER_HOST={DockerServer.HostOf(SettingsOf(flags.ReadExisting(parsed), parsed.GetValue(node)).DockerSocket)}"));
        return command;
    }

    private static ClusterSettings SettingsOf(ClusterSettings cluster, string? node) => node is null || node == cluster.NodeName ? cluster : new LocalNodes(cluster).Find(node);
}
