using System.CommandLine;
using Flotilla.Docker;
using Flotilla.Imports;

namespace Flotilla.Commands;

/// <summary>Takes over what others run.</summary>
internal static class ImportCommand
{
    public static Command Create() => new("import", "Make here what runs elsewhere.") { FromDocker() };

    private static Command FromDocker()
    {
        var host = new Option<string>("--from") { Description = "A manager of the swarm, as DOCKER_HOST has it.", DefaultValueFactory = _ => "unix:///var/run/docker.sock" };
        var command = new Command("docker", "Make the networks, configs and services of a Docker swarm in this one. What is there by name stays; secrets and the data of volumes are not read.") { host };
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var from = new DockerApi(parsed.GetValue(host)!);
            using var to = new DockerApi(DockerServer.HostOf(flags.ReadServer(parsed).DockerSocket));
            await new SwarmImport(from, to, Console.WriteLine).RunAsync(cancellationToken);
        });
        return command;
    }
}
