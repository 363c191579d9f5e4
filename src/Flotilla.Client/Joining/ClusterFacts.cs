namespace Flotilla.Client.Joining;

/// <summary>The ConfigMap from which a node learns how the cluster is laid out.</summary>
public static class ClusterFacts
{
    public const string Namespace = "kube-system";
    public const string Name = "flotilla-cluster";
    public const string PodCidr = "podCIDR";
    public const string ServiceCidr = "serviceCIDR";
    public const string NetworkBackend = "networkBackend";
    public const string ClusterDns = "clusterDNS";
    public const string ClusterDomain = "clusterDomain";

    /// <summary>By which authorities nodes recognize servers, as PEM: that of which their own certificates are to be first.</summary>
    public const string Authorities = "authorities";

    /// <summary>How long a node may be silent, in seconds: nodes give signs of life more often.</summary>
    public const string NodeGraceSeconds = "nodeGraceSeconds";

    /// <summary>Where the cluster's certificate authority is published to everybody, in a kubeconfig.</summary>
    public const string PublicNamespace = "kube-public";

    public const string PublicName = "cluster-info";
    public const string PublicKey = "kubeconfig";
}
