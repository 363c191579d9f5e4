using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Services;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Swarms;

/// <summary>The last manager takes the swarm with it: its services and their tasks, networks, secrets and configs.</summary>
internal static class SwarmRemoval
{
    public static async Task RemoveAsync(SwarmInformers known, SwarmContext context, CancellationToken cancellationToken)
    {
        await DeleteAsync(known.Services.List(), context.Client, cancellationToken);
        await DeleteAsync(known.Secrets.List(), context.Client, cancellationToken);
        await DeleteAsync(known.Configs.List(), context.Client, cancellationToken);
        await DeleteAsync(known.Networks.List(), context.Client, cancellationToken);
    }

    private static Task DeleteAsync<T>(IEnumerable<T> all, IObjectClient client, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => Task.WhenAll(all.Select(async one =>
    {
        try
        {
            await client.DeleteAsync<T>(one.Key(), null, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // Somebody was faster.
        }
    }));
}
