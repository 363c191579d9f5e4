using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>By which of the runtime's handlers a pod is run.</summary>
internal sealed class RuntimeClassHandlers(IObjectClient client)
{
    /// <summary>Empty: the runtime's own default.</summary>
    /// <exception cref="ApiException">There is no such class (any more).</exception>
    public async Task<string> OfAsync(V1Pod pod, CancellationToken cancellationToken) => string.IsNullOrEmpty(pod.Spec.RuntimeClassName)
        ? ""
        : (await client.GetAsync<V1RuntimeClass>(new ObjectKey(null, pod.Spec.RuntimeClassName), cancellationToken)).Handler;
}
