using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Ingress.Routing;

/// <summary>
/// What happens to the requests of one path: steps that may answer, then the choice of a backend, then changes to what is
/// sent and what comes back. It never changes; what does (counts, destinations) belongs to the engine.
/// </summary>
internal sealed record Route
{
    public required RouteName Name { get; init; }

    /// <summary>In this order; the first that answers ends it.</summary>
    public IReadOnlyList<IRouteStep> Steps { get; init; } = [];

    public IReadOnlyList<IMessageChange> Changes { get; init; } = [];

    /// <summary>Empty: the steps answer everything, or there is nobody to ask (503).</summary>
    public IReadOnlyList<WeightedBackend> Backends { get; init; } = [];

    /// <summary>Other backends for some requests; the first that wants one gets it.</summary>
    public IReadOnlyList<Canary> Canaries { get; init; } = [];

    public CookieAffinity? Affinity { get; init; }

    public ForwarderRequestConfig Forwarding { get; init; } = HttpForwarding;

    /// <summary>From the first byte of the request to the last of the answer; null: as long as it takes.</summary>
    public TimeSpan? Timeout { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = DefaultConnectTimeout;

    /// <summary>How many destinations are tried, in all.</summary>
    public int Tries { get; init; } = 3;

    /// <summary>Bytes of a request's body; null: any number.</summary>
    public long? MaxBodyBytes { get; init; }

    /// <summary>The answer when there is nobody to ask.</summary>
    public int CodeWithoutBackend { get; init; } = 503;

    public static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(2);

    public static readonly ForwarderRequestConfig HttpForwarding = new()
    {
        ActivityTimeout = TimeSpan.FromSeconds(60),
        Version = System.Net.HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}

/// <param name="Backend">null: what the route names is not there or not allowed.</param>
/// <param name="Weight">Relative to the others; 0: never.</param>
/// <param name="Changes">Only for requests that go to this one.</param>
internal sealed record WeightedBackend(Backend? Backend, int Weight = 1, IReadOnlyList<IMessageChange>? Changes = null);
