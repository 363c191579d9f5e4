using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Ingress.Gateways.Definitions;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>The Gateway API for a running cluster: it costs memory, so nobody gets it unasked.</summary>
internal static class GatewayApiCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var command = new Command("gateway-api", "Give the cluster the Gateway API: its definitions and the class 'flotilla'.");
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(flags.ReadExisting(parsed), cancellationToken));
        return command;
    }

    private static async Task RunAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        using var client = ControlPlane.AdminClient(settings);
        try
        {
            await new DefinitionInstaller(client, TimeProvider.System).EnsureAsync(limit.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UserError($"The cluster does not answer at {ControlPlane.ServerUrl(settings)}; is it up? (flotilla status)");
        }

        Console.WriteLine("The Gateway API is there; the class of its Gateways is flotilla.");
    }
}
