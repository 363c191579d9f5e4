using System.CommandLine;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>What the administrator does with a running cluster of this machine; a silent server is an error that says what to do.</summary>
internal static class AdminAction
{
    public static void Set(Command command, Func<ClusterSettings, HttpObjectClient, ParseResult, CancellationToken, Task> actAsync)
    {
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = flags.ReadServer(parsed);
            using var client = ControlPlane.AdminClient(settings);
            try
            {
                await actAsync(settings, client, parsed, cancellationToken);
            }
            catch (HttpRequestException)
            {
                throw new UserError($"The server does not answer at {ControlPlane.ServerUrl(settings)}; start it with: flotilla up");
            }
            catch (Api.ApiException refused)
            {
                throw new UserError($"The server refuses: {refused.Message}.");
            }

            return 0;
        });
    }
}
