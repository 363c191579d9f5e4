using Flotilla.EndToEnd;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Live;

/// <summary>The one cluster of all conformance tests, its administrator's typed client, and the image <c>my-image</c> loaded.</summary>
public sealed class LiveCluster : Cluster, IAsyncLifetime
{
    private Kubernetes? client;

    public Kubernetes Client => client ??= new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig));

    /// <summary>The one whose containers are real; tests add others, which may come first in a list.</summary>
    public static string NodeName => Environment.MachineName.ToLowerInvariant();

    public Task<V1Node> NodeAsync() => Client.CoreV1.ReadNodeAsync(NodeName);

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        client?.Dispose();
        await DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
