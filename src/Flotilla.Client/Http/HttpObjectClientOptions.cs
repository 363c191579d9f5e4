using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Client;

/// <summary>How to reach the API server and who to be: a client certificate or a bearer token.</summary>
public sealed class HttpObjectClientOptions
{
    public required Uri Server { get; init; }

    /// <summary>The only authorities whose server certificates are trusted; null trusts the system's. Asked for at each request: others, in another object, mean new connections.</summary>
    public Func<X509Certificate2Collection>? Authorities { get; init; }

    /// <summary>Asked of each server that one of <see cref="Authorities"/> vouches for; null: that is enough.</summary>
    public Func<X509Certificate2, bool>? Accepts { get; init; }

    /// <summary>Asked for at each request: another object means new connections, so that a rotated certificate takes effect at once.</summary>
    public Func<X509Certificate2?>? ClientCertificate { get; init; }

    /// <summary>Asked for at each request, so that a rotated token takes effect.</summary>
    public Func<string?>? BearerToken { get; init; }

    /// <summary>Carries the requests in place of connections to <see cref="Server"/>; the caller's to dispose of.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Opens each connection, to whichever server it finds; null: to <see cref="Server"/>. TLS names <see cref="Server"/> either way.</summary>
    public Func<CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>A connection takes no new requests after this long, so that a rotated certificate takes its place.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>A peer that says nothing for so long is asked whether it is there, and is given as long again; at least a second.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    public string UserAgent { get; init; } = "flotilla";

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For every request but watches.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A watch is asked to end, and is begun again, after this long.</summary>
    public TimeSpan WatchDuration { get; init; } = TimeSpan.FromMinutes(8);
}
