using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Server.Identity;

namespace Flotilla.Joining;

/// <summary>Gives all servers a new key while they run: each knows it before any of them uses it.</summary>
internal sealed class KeyRotation(ClusterSettings settings, IObjectClient client)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>The names of the servers that use it now.</returns>
    /// <exception cref="UserError">One of them did not take it.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(string file, CancellationToken cancellationToken)
    {
        var servers = await ServerStates.PlacesAsync(client, cancellationToken);
        var change = ControlPlane.IdentityFor(settings, TimeProvider.System).Plan(file);
        await GiveAllAsync(servers, change, change.Known, "the key in use stays", cancellationToken);
        await GiveAllAsync(servers, change, change.Used, "all know the new key, and some use it: try again", cancellationToken);
        return [.. servers.Select(server => server.Name)];
    }

    private async Task GiveAllAsync(IReadOnlyList<(string Name, System.Net.DnsEndPoint At)> servers, KeyChange change, string content, string otherwise, CancellationToken cancellationToken)
    {
        foreach (var (name, at) in servers)
        {
            using var there = ControlPlane.AdminClient(settings, at, Patience);
            try
            {
                await there.SendAsync(HttpMethod.Put, ServerKeys.Path + change.FileName, "text/plain", Encoding.UTF8.GetBytes(content), cancellationToken);
            }
            catch (Exception failure) when (failure is HttpRequestException or TimeoutException or ApiException)
            {
                throw new UserError($"The server {name} does not take the new key ({failure.Message}), so {otherwise}. Bring it back, or take it out with 'flotilla node rm {name}'.");
            }
        }
    }
}
