using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Storage.Etcd.Wire;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd;

/// <summary>
/// The way to a cluster: one member is asked until it does not answer, then the next. A call goes on trying for a while,
/// which is what an election takes. Safe from any thread.
/// </summary>
internal sealed partial class EtcdConnection : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    // Who is there accepts a connection at once.
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    // A member that answers only lacks a leader, and the others know no better; one that was cut off from them goes on to lack one.
    private static readonly TimeSpan PatienceWithOne = TimeSpan.FromSeconds(2);

    // etcd refuses pings that come more often than every five seconds.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(3);

    // A member that lost its leader says so instead of waiting for the next one.
    private static readonly Metadata NeedsLeader = new() { { "hasleader", "true" } };

    private readonly EtcdOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<Uri, EtcdEndpoint> opened = new();
    private EtcdEndpoint[] members;
    private EtcdEndpoint current;
    private string? trouble;

    public EtcdConnection(EtcdOptions options, TimeProvider time, ILogger logger)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        this.logger = logger;
        members = [.. options.Endpoints.Select(At)];
        current = members[0];
    }

    /// <summary>The member that is asked at present.</summary>
    public EtcdEndpoint Current => Volatile.Read(ref current);

    /// <summary>One of the cluster's members, to ask it for itself.</summary>
    public EtcdEndpoint At(Uri address) => opened.GetOrAdd(address, endpoint => new EtcdEndpoint(endpoint, Open(endpoint, options)));

    /// <summary>These are asked from now on; what is under way at others ends by itself.</summary>
    public void Use(IReadOnlyList<Uri> endpoints)
    {
        EtcdEndpoint[] chosen = [.. endpoints.Select(At)];
        Volatile.Write(ref members, chosen);
        if (Current is var asked && !chosen.Contains(asked))
        {
            Interlocked.CompareExchange(ref current, chosen[0], asked);
        }
    }

    /// <summary>Why the newest attempt failed; null: it did not.</summary>
    public string? Trouble => Volatile.Read(ref trouble);

    /// <summary>For calls that last: no deadline.</summary>
    public static CallOptions Lasting(CancellationToken cancellationToken) => new(NeedsLeader, cancellationToken: cancellationToken);

    /// <param name="mayRepeat">Trying again does no harm even when an attempt before has taken effect.</param>
    /// <returns>The answer, and whether an attempt before it may have taken effect.</returns>
    /// <exception cref="UnknownOutcomeException">No attempt was answered, and one may have taken effect.</exception>
    /// <exception cref="StorageException">Nobody answers, or what is asked cannot be.</exception>
    public Task<(T Answer, bool Repeated)> CallAsync<T>(Func<EtcdEndpoint, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken, bool mayRepeat = true)
    {
        return TryAsync(CallOnceAsync, cancellationToken, mayRepeat);

        async Task<T> CallOnceAsync(EtcdEndpoint member)
        {
            using var attempt = call(member, new CallOptions(NeedsLeader, DateTime.UtcNow + options.AttemptTimeout, cancellationToken));
            return await attempt;
        }
    }

    /// <summary>The same for what is more than one call.</summary>
    public async Task<(T Answer, bool Repeated)> TryAsync<T>(Func<EtcdEndpoint, Task<T>> ask, CancellationToken cancellationToken, bool mayRepeat = true)
    {
        var begun = time.GetTimestamp();
        var repeated = false;
        while (true)
        {
            var member = Current;
            try
            {
                var answer = await ask(member);
                Volatile.Write(ref trouble, null);
                return (answer, repeated);
            }
            catch (RpcException failure) when (IsTransient(failure))
            {
                cancellationToken.ThrowIfCancellationRequested();
                repeated |= !IsRefusal(failure);
                Volatile.Write(ref trouble, Unreachable(failure, repeated).Message);
                if (!IsAnswer(failure) || time.GetElapsedTime(begun) > PatienceWithOne)
                {
                    TryNext(member, failure.Status.Detail);
                }

                if (time.GetElapsedTime(begun) > options.Patience || (repeated && !mayRepeat))
                {
                    throw Unreachable(failure, repeated);
                }
            }
            catch (RpcException failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new StorageException($"etcd refuses: {failure.Status.Detail}", failure);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>From now on another member is asked, unless that was changed already.</summary>
    public void TryNext(EtcdEndpoint failed, string why)
    {
        var known = Volatile.Read(ref members);
        var next = known[(Array.IndexOf(known, failed) + 1) % known.Length];
        if (next != failed && Interlocked.CompareExchange(ref current, next, failed) == failed)
        {
            Log.Next(logger, failed.Address, next.Address, why);
        }
    }

    public void Dispose()
    {
        foreach (var member in opened.Values)
        {
            member.Dispose();
        }
    }

    private StorageException Unreachable(RpcException failure, bool repeated)
    {
        var message = $"etcd does not answer ({string.Join(", ", Volatile.Read(ref members).Select(member => member.Address))}): most of its members are down, cannot reach one another, or wait for their disks.{(failure.Status.Detail is { Length: > 0 } last ? $" Last: {last}" : "")}";
        return repeated ? new UnknownOutcomeException(message, failure) : new StorageException(message, failure);
    }

    private static bool IsTransient(RpcException failure) => failure.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Cancelled => true,
        StatusCode.ResourceExhausted => failure.Status.Detail.Contains("too many requests", StringComparison.Ordinal),
        _ => false,
    };

    private static bool IsAnswer(RpcException failure) =>
        failure.Status.Detail is "etcdserver: no leader" or "etcdserver: leader changed" or "etcdserver: request timed out, possibly due to previous leader failure";

    // What a member refused before it proposed it, or what never reached one, did not happen.
    private static bool IsRefusal(RpcException failure) =>
        failure.StatusCode == StatusCode.ResourceExhausted
        || failure.Status.Detail is "etcdserver: no leader" or "etcdserver: rpc not supported for learner" or "etcdserver: server stopped"
        || failure.Status.DebugException is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.NotConnected or SocketError.HostUnreachable or SocketError.NetworkUnreachable }
        || failure.Status.DebugException is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.NameResolutionError };

    private static GrpcChannel Open(Uri endpoint, EtcdOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            ConnectTimeout = ConnectTimeout,
            ConnectCallback = options.Connect is { } connect ? (context, cancellationToken) => connect(context.DnsEndPoint, cancellationToken) : null,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        if (endpoint.Scheme == "https")
        {
            handler.SslOptions = Trust(options);
        }

        return GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
            InitialReconnectBackoff = Pause,
            MaxReconnectBackoff = options.AttemptTimeout,
        });
    }

    private static SslClientAuthenticationOptions Trust(EtcdOptions options)
    {
        var trust = new SslClientAuthenticationOptions();
        if (options.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            trust.CertificateChainPolicy = policy;
        }

        if (options.ClientCertificate is { } certificate)
        {
            trust.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate();
        }

        return trust;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "etcd at {Failed} does not answer ({Why}); asking {Next}")]
        public static partial void Next(ILogger logger, Uri failed, Uri next, string why);
    }
}
