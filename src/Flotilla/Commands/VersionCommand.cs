using System.CommandLine;
using Flotilla.Node;
using Flotilla.Upgrades;

namespace Flotilla.Commands;

internal static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Show the versions of Flotilla, of the Kubernetes API it serves and of the data it writes.");
        command.SetAction(_ =>
        {
            Console.WriteLine($"flotilla {Product.Version}");
            Console.WriteLine($"kubernetes {new NodeOptions { NodeName = "" }.KubeletVersion}");
            Console.WriteLine($"data {Product.DataVersion}");
        });
        return command;
    }
}
