using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Kubeconfigs;

namespace Flotilla.Commands;

/// <summary>For other users, machines and programs: <c>flotilla kubeconfig &gt; file</c>.</summary>
internal static class KubeconfigCommand
{
    public static Command Create()
    {
        var server = new Option<string?>("--server") { Description = "The address to put into it: that of another server, of a load balancer before them all, or a name of several addresses (this server's)." };
        var command = new Command("kubeconfig", "Print a kubeconfig with the administrator's certificate.") { server };
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            var settings = flags.ReadServer(parsed);
            var file = KubeconfigFile.Open("");
            var context = ControlPlane.ContextFor(settings, ControlPlane.IdentityFor(settings, TimeProvider.System));
            file.Set(parsed.GetValue(server) is { } text ? context.Through(ServerUrl.Parse("--server", text).GetLeftPart(UriPartial.Authority)) : context);
            Console.Write(file);
        });
        return command;
    }
}
