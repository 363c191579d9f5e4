using Flotilla.Controllers.Certificates;
using Flotilla.Controllers.LoadBalancers;
using Flotilla.Controllers.SeLinuxWarnings;

namespace Flotilla.Controllers;

public sealed class ControllerOptions
{
    /// <summary>The PEM certificates by which pods recognize the API server, put into every namespace; asked again when <see cref="Client.Joining.TrustedAuthorities"/> change.</summary>
    public Func<string> RootCertificates { get; set; } = () => "";

    /// <summary>The cluster's authority, for approved signing requests; null: they stay unsigned.</summary>
    public CertificateSigner? SignCertificate { get; set; }

    /// <summary>Signs the token of a Secret: (namespace, account, account's uid, Secret's name); null: Secrets stay empty.</summary>
    public Func<string, string, string, string, string>? SignLegacyToken { get; set; }

    /// <summary>How long a node may be silent before it counts as unreachable.</summary>
    public TimeSpan NodeGracePeriod { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>How often silent nodes are looked for.</summary>
    public TimeSpan NodeMonitorPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Finished pods beyond this many are deleted, the oldest first.</summary>
    public int FinishedPodsKept { get; set; } = 12500;

    /// <summary>How often pods are looked for that nobody will ever run or remove.</summary>
    public TimeSpan PodCollectionPeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How often an autoscaler looks at its metrics.</summary>
    public TimeSpan AutoscalerPeriod { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Addresses of pods, of which each node gets a part; empty: nodes have their own ways.</summary>
    public string PodCidr { get; set; } = "";

    /// <summary>Addresses of services, shown as the range <c>kubernetes</c>; empty: it is not shown.</summary>
    public string ServiceCidr { get; set; } = "";

    /// <summary>Whether services of type LoadBalancer get addresses here, and not from somebody else.</summary>
    public bool BalancesLoad { get; set; }

    /// <summary>Addresses of load balancers; empty: they are reached at the nodes' own.</summary>
    public AddressPool LoadBalancerPool { get; set; } = AddressPool.Empty;

    /// <summary>Where pods that would label a shared volume differently are noted; null: nobody looks for them.</summary>
    public SeLinuxConflicts? SeLinux { get; set; }

    /// <summary>Ports (TCP) of the nodes that no load balancer gets.</summary>
    public IReadOnlyCollection<int> NodePorts { get; set; } = [];
}
