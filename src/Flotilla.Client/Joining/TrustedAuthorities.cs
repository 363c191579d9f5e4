using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>The ConfigMap in which the API server publishes whom it trusts: written anew when the cluster's authority is rotated.</summary>
public static class TrustedAuthorities
{
    public const string Namespace = "kube-system";

    public const string Name = "extension-apiserver-authentication";

    public static bool AreIn(ObjectChange<V1ConfigMap> change) => change.Latest.Metadata is { NamespaceProperty: Namespace, Name: Name };
}
