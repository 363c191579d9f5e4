using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Ingress.Secrets;

/// <summary>All Secrets, for the control plane, which watches them anyway.</summary>
internal sealed class ClusterSecrets(Informer<V1Secret> informer) : ISecrets
{
    public V1Secret? Get(ObjectKey key) => informer.Get(key);
}
