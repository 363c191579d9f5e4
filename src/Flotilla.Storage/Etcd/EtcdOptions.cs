using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Storage.Etcd;

public sealed class EtcdOptions
{
    /// <summary>URLs of the cluster's members; the first that answers is used.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>Who may have signed the members' certificates; null: the machine's authorities.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Read at each connection, so that it may be renewed meanwhile.</summary>
    public Func<X509Certificate2>? ClientCertificate { get; init; }

    /// <summary>Opens each connection; null: as usual.</summary>
    public Func<DnsEndPoint, CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>Stands before each key.</summary>
    public string Prefix { get; init; } = "/flotilla";

    /// <summary>
    /// How long one attempt may take before the next member is asked. What a leader that dies had been sent is lost without a word, so this
    /// is how long writes stop then: a little longer than an election usually takes, which is up to two seconds.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>How long a call may go on trying while the cluster has no leader.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Writes under way at once; more wait.</summary>
    public int MaxInFlight { get; init; } = 512;

    /// <summary>The same, for other members.</summary>
    public EtcdOptions At(IReadOnlyList<Uri> endpoints) => new()
    {
        Endpoints = endpoints,
        Authorities = Authorities,
        ClientCertificate = ClientCertificate,
        Connect = Connect,
        Prefix = Prefix,
        AttemptTimeout = AttemptTimeout,
        Patience = Patience,
        MaxInFlight = MaxInFlight,
    };

    public void Validate()
    {
        if (Endpoints.Count == 0)
        {
            throw new ArgumentException("No endpoint of etcd is given.", nameof(Endpoints));
        }

        foreach (var endpoint in Endpoints)
        {
            if (endpoint.Scheme is not ("http" or "https"))
            {
                throw new ArgumentException($"'{endpoint}' is no endpoint of etcd: it must begin with https:// or http://.", nameof(Endpoints));
            }
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxInFlight);
    }
}
