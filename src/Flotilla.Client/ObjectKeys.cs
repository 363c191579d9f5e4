using System.Globalization;
using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

public static class ObjectKeys
{
    public static ObjectKey Key<T>(this T value)
        where T : IKubernetesObject<V1ObjectMeta> =>
        new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    /// <summary>The store's revision at which it was written.</summary>
    public static long Version<T>(this T value)
        where T : IKubernetesObject<V1ObjectMeta> => long.Parse(value.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
}
