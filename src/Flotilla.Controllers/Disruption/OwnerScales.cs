using System.Net.Http;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Disruption;

/// <summary>How many pods the controllers of some pods want: read from whatever has a scale.</summary>
internal static class OwnerScales
{
    /// <exception cref="UnknownScaleException">A pod's controller cannot be scaled.</exception>
    public static async Task<int> SumAsync(IObjectClient client, string space, IEnumerable<V1Pod> pods, Func<string, CancellationToken, Task<DiscoveredResource?>> resourceOf, CancellationToken cancellationToken)
    {
        var scales = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            // Pods that nobody controls are not replaced: they count for nothing.
            if (pod.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true) is not { } owner || scales.ContainsKey(owner.Uid))
            {
                continue;
            }

            var (uid, scale) = await ScaleOfAsync(client, space, pod, owner, resourceOf, cancellationToken);
            scales[owner.Uid] = 0;
            scales[uid] = scale;
        }

        return scales.Values.Sum();
    }

    private static async Task<(string Uid, int Scale)> ScaleOfAsync(
        IObjectClient client, string space, V1Pod pod, V1OwnerReference owner, Func<string, CancellationToken, Task<DiscoveredResource?>> resourceOf, CancellationToken cancellationToken)
    {
        // A deployment speaks for its sets: during a rollout they want more together than it does.
        if (owner is { Kind: "ReplicaSet", ApiVersion: "apps/v1" })
        {
            var set = await FindAsync(() => client.GetAsync<V1ReplicaSet>(new ObjectKey(space, owner.Name), cancellationToken)) ?? throw new UnknownScaleException($"found no controllers for pod \"{pod.Metadata.Name}\"");
            var parent = set.Metadata.OwnerReferences?.FirstOrDefault(reference => reference is { Controller: true, Kind: "Deployment" });
            return parent is not null && await FindAsync(() => client.GetAsync<V1Deployment>(new ObjectKey(space, parent.Name), cancellationToken)) is { } deployment
                ? (deployment.Metadata.Uid, deployment.Spec.Replicas ?? 1)
                : (set.Metadata.Uid, set.Spec.Replicas ?? 1);
        }

        var resource = await resourceOf($"{owner.ApiVersion}/{owner.Kind}", cancellationToken) ?? throw new UnknownScaleException($"found no controllers for pod \"{pod.Metadata.Name}\"");
        var scale = await FindAsync(async () => ObjectJson.Decode<V1Scale>(await client.SendAsync(HttpMethod.Get, resource.PathOf(space, owner.Name) + "/scale", null, default, cancellationToken)))
            ?? throw new UnknownScaleException($"{resource.GroupResource} does not implement the scale subresource");
        return (owner.Uid, scale.Spec?.Replicas ?? 0);
    }

    private static async Task<T?> FindAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }
}

/// <summary>It is unknown how many pods there should be.</summary>
internal sealed class UnknownScaleException(string message) : Exception(message);
