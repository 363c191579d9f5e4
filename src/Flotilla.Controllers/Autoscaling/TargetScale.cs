using System.Net.Http;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>The scale of whatever an autoscaler points at, known to this program or not.</summary>
internal sealed class TargetScale(IObjectClient client, TimeProvider time)
{
    private static readonly TimeSpan DiscoveryLifetime = TimeSpan.FromMinutes(5);

    private IReadOnlyList<DiscoveredResource> resources = [];
    private long? read;

    /// <exception cref="MetricException">Nothing of that kind is served.</exception>
    public async Task<(string Path, V1Scale Scale)> GetAsync(string ns, V2CrossVersionObjectReference target, CancellationToken cancellationToken)
    {
        var group = GroupOf(target);
        var resource = await FindAsync(group, target.Kind, cancellationToken) ?? throw new MetricException(
            $"no matches for kind \"{target.Kind}\" in group \"{group}\"");
        var path = resource.PathOf(ns, target.Name) + "/scale";
        return (path, ObjectJson.Decode<V1Scale>(await client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken)));
    }

    /// <summary>As custom metrics name a resource: <c>ingresses.networking.k8s.io</c>.</summary>
    public async Task<string?> ResourceOfAsync(V2CrossVersionObjectReference target, CancellationToken cancellationToken)
    {
        var group = GroupOf(target);
        return (await FindAsync(group, target.Kind, cancellationToken))?.GroupResource;
    }

    public Task SetAsync(string path, V1Scale scale, int replicas, CancellationToken cancellationToken)
    {
        var wanted = scale with { ApiVersion = "autoscaling/v1", Kind = "Scale", Spec = new V1ScaleSpec { Replicas = replicas } };
        return client.SendAsync(HttpMethod.Put, path, "application/json", ObjectJson.Encode(wanted), cancellationToken);
    }

    private static string GroupOf(V2CrossVersionObjectReference target) =>
        target.ApiVersion?.Split('/') is [var group, _] ? group : "";

    private async Task<DiscoveredResource?> FindAsync(string group, string kind, CancellationToken cancellationToken)
    {
        var found = Find();
        if (found is null || read is null || time.GetElapsedTime(read.Value) > DiscoveryLifetime)
        {
            resources = await Discovery.ReadAsync(client, cancellationToken);
            read = time.GetTimestamp();
            found = Find();
        }

        return found;

        DiscoveredResource? Find() => resources.FirstOrDefault(resource => resource.Type.Group == group && resource.Type.Kind == kind);
    }
}
