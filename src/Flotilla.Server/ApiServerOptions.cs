using System.Net;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication.OpenId;

namespace Flotilla.Server;

/// <summary>How the API server presents itself and which addresses the cluster uses.</summary>
public sealed record ApiServerOptions
{
    public int Port { get; init; } = 6443;

    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>The address that the Service <c>kubernetes</c> leads to; null: the bind address, or loopback.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    internal string AdvertisedAuthority => new IPEndPoint(AdvertiseAddress ?? BindAddress, Port).ToString();

    /// <summary>By which the cluster knows this server; its node has the same name.</summary>
    public string ServerName { get; init; } = Environment.MachineName.ToLowerInvariant();

    public string PodCidr { get; init; } = "10.244.0.0/16";

    public string ServiceCidr { get; init; } = "10.96.0.0/12";

    /// <summary>Of the program that serves, behind Kubernetes' version in <c>/version</c>; null: nothing.</summary>
    public string? Build { get; init; }

    /// <summary>How nodes reach each other's pods; nodes that join are told.</summary>
    public string NetworkBackend { get; init; } = "vxlan";

    public string ClusterDomain { get; init; } = "cluster.local";

    public IPAddress ClusterDns { get; init; } = IPAddress.Parse("10.96.0.10");

    /// <summary>Requests in progress at once, watches and other streams not counted; more wait their turn.</summary>
    public int MaxConcurrentRequests { get; init; } = 600;

    /// <summary>How long a node may be silent before it counts as unreachable; told to the nodes.</summary>
    public TimeSpan NodeGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>null: no audit log.</summary>
    public AuditOptions? Audit { get; init; }

    /// <summary>null: no identity tokens of others.</summary>
    public OpenIdOptions? OpenId { get; init; }

    /// <summary>A kubeconfig that leads to a server which reviews tokens nobody here knows; null: none.</summary>
    public string? TokenWebhookFile { get; init; }

    /// <summary>A kubeconfig that leads to a server which is asked when the cluster's own rules allow nothing; null: none.</summary>
    public string? AuthorizationWebhookFile { get; init; }

    /// <summary>A file of kind AdmissionConfiguration that configures admission plugins; null: none.</summary>
    public string? AdmissionFile { get; init; }

    /// <summary>Whether the cluster begins with the default storage class <c>standard</c>, which the nodes serve themselves.</summary>
    public bool LocalStorageClass { get; init; }

    /// <summary>The controller of the IngressClass <c>flotilla</c>, which Ingresses without a class get; null: there is no such class.</summary>
    public string? IngressController { get; init; }
}
