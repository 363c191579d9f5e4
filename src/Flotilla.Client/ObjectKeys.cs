using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

public static class ObjectKeys
{
    public static ObjectKey Key<T>(this T value)
        where T : IKubernetesObject<V1ObjectMeta> =>
        new(value.Metadata.NamespaceProperty, value.Metadata.Name);
}
