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

    public static string? NameOf(V1Lease lease) => lease.Metadata.Labels is { } labels && labels.TryGetValue(NameLabel, out var name) ? name : null;

    public static string? AuthorityOf(V1Lease lease) => lease.Metadata.Annotations is { } annotations && annotations.TryGetValue(AuthorityAnnotation, out var authority) ? authority : null;
}
