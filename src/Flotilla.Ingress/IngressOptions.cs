using System.Net;

namespace Flotilla.Ingress;

/// <summary>Where a node lets the world in, and as whom it appears in the cluster.</summary>
public sealed record IngressOptions
{
    public const string Controller = "flotilla.dev/ingress";
    public const string ClassName = "flotilla";

    public required string NodeName { get; init; }

    public int HttpPort { get; init; } = 80;

    public int HttpsPort { get; init; } = 443;

    /// <summary>Where the node is reached, also by balancers that may have ports of it; null: there are none.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>null: every address of the machine.</summary>
    public IPAddress? BindAddress { get; init; }

    /// <summary>A file that gets one line a request; null: nobody is told.</summary>
    public string? AccessLog { get; init; }

    /// <summary>The port of the machine that stands for a port in a Gateway: 80 and 443 may have been moved.</summary>
    public int PortFor(int wanted) => wanted switch
    {
        80 => HttpPort,
        443 => HttpsPort,
        _ => wanted,
    };
}
