using k8s.Models;

namespace Flotilla.Client.Joining;

/// <summary>The leases by which API servers are known: one each, renewed while it runs.</summary>
public static class ServerLeases
{
    public const string Namespace = "kube-system";
    public const string Label = "apiserver.kubernetes.io/identity";
    public const string LabelValue = "kube-apiserver";

    /// <summary>The server's name, which its node has too.</summary>
    public const string NameLabel = "kubernetes.io/hostname";

    /// <summary>Where it answers, as <c>host:port</c>.</summary>
    public const string AuthorityAnnotation = "flotilla.dev/authority";

    /// <summary>The lease of whoever leads the controllers.</summary>
    public const string Leader = "kube-controller-manager";

    /// <summary>Label of the nodes that are servers too.</summary>
    public const string NodeLabel = "node-role.kubernetes.io/control-plane";

    /// <summary>The server that holds a lease to lead; null: nobody does.</summary>
    public static string? LeaderOf(V1Lease? lease) => lease?.Spec?.HolderIdentity is { Length: > 0 } holder ? MachineOf(holder) : null;

    /// <summary>Which machine an identity of a holder is of.</summary>
    public static string MachineOf(string identity) => identity[..Math.Max(0, identity.LastIndexOf('_'))];

    public static string? NameOf(V1Lease lease) => lease.Metadata.Labels is { } labels && labels.TryGetValue(NameLabel, out var name) ? name : null;

    public static string? AuthorityOf(V1Lease lease) => lease.Metadata.Annotations is { } annotations && annotations.TryGetValue(AuthorityAnnotation, out var authority) ? authority : null;
}
