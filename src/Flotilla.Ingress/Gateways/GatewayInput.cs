using Flotilla.Api;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Secrets;
using k8s.Models;

namespace Flotilla.Ingress.Gateways;

/// <summary>All that a compilation of Gateways looks at.</summary>
internal sealed record GatewayInput(
    IReadOnlyList<GatewayClass> Classes,
    IReadOnlyList<Gateway> Gateways,
    IReadOnlyList<GatewayRoute> Routes,
    IReadOnlyList<ReferenceGrant> Grants,
    Func<string, V1Namespace?> Namespaces,
    Func<ObjectKey, V1Service?> Services,
    ISecrets Secrets)
{
    /// <summary>The Gateways of our classes, the oldest first.</summary>
    public IReadOnlyList<Gateway> Ours()
    {
        var classes = Classes.Where(one => one.Spec.ControllerName == IngressOptions.Controller).Select(one => one.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. Gateways.Where(gateway => classes.Contains(gateway.Spec.GatewayClassName) && gateway.Metadata.DeletionTimestamp is null)
                .OrderBy(gateway => gateway.Metadata.CreationTimestamp)
                .ThenBy(gateway => gateway.Metadata.NamespaceProperty, StringComparer.Ordinal)
                .ThenBy(gateway => gateway.Metadata.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether an object of one namespace may name one of another.</summary>
    public bool Allows(string fromKind, string fromNamespace, string toGroup, string toKind, ObjectKey to) =>
        fromNamespace == to.Namespace || Grants.Any(grant =>
            grant.Metadata.NamespaceProperty == to.Namespace
            && grant.Spec.From.Any(from => from.Group == GatewayApi.Group && from.Kind == fromKind && from.Namespace == fromNamespace)
            && grant.Spec.To.Any(target => (target.Group ?? "") == toGroup && target.Kind == toKind && (string.IsNullOrEmpty(target.Name) || target.Name == to.Name)));
}
