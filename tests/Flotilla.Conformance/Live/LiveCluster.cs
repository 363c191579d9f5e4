using Flotilla.EndToEnd;
using k8s;

namespace Flotilla.Conformance.Live;

/// <summary>The one cluster of all conformance tests, its administrator's typed client, and the image <c>my-image</c> loaded.</summary>
public sealed class LiveCluster : Cluster, IAsyncLifetime
{
    private Kubernetes? client;

    public Kubernetes Client => client ??= new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig));

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        client?.Dispose();
        await DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
