using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

/// <summary>The ConfigMap in which the API server publishes whom it trusts: written anew when the cluster's authority is rotated.</summary>
internal static class TrustedAuthorities
{
    public static bool AreIn(ObjectChange<V1ConfigMap> change) => change.Latest.Metadata is { NamespaceProperty: "kube-system", Name: "extension-apiserver-authentication" };
}
