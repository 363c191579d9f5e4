using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Kubeconfigs;

namespace Flotilla.Commands;

/// <summary>For other users, machines and programs: <c>flotilla kubeconfig &gt; file</c>.</summary>
internal static class KubeconfigCommand
{
    public static Command Create()
    {
        var command = new Command("kubeconfig", "Print a kubeconfig with the administrator's certificate.");
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            var settings = flags.ReadServer(parsed);
            var file = KubeconfigFile.Open("");
            file.Set(ControlPlane.ContextFor(settings, ControlPlane.IdentityFor(settings, TimeProvider.System)));
            Console.Write(file);
        });
        return command;
    }
}
