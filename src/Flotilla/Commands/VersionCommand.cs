using System.CommandLine;
using System.Reflection;
using Flotilla.Node;

namespace Flotilla.Commands;

internal static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Show the versions of Flotilla and of the Kubernetes API it serves.");
        command.SetAction(_ =>
        {
            var version = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            Console.WriteLine($"flotilla {version}");
            Console.WriteLine($"kubernetes {new NodeOptions { NodeName = "" }.KubeletVersion}");
        });
        return command;
    }
}
