using System.Collections.Concurrent;
using System.Net.Sockets;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Membership;

/// <summary>
/// Looks after the other servers: which of them answer. One that does not any more leaves the cluster's list at once, and who
/// waits for its leases need not wait until they run out. It decides nothing alone: leaders are fenced. One loop.
/// </summary>
internal sealed partial class ServerPeers(ServerMembers members, string own, ClusterIdentity identity, TimeProvider time, ILogger<ServerPeers> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    // Who is not there says so by refusing; who says nothing may only be busy, unless its machine is silent too.
    private const int RefusalsOfTheDead = 3;
    private static readonly TimeSpan SilenceOfTheDead = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan SilenceOfMachines = TimeSpan.FromSeconds(1.5);

    private readonly Dictionary<string, Peer> peers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> gone = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<ServerMember> present = [];
    private volatile TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a server was found gone, or this one was taken for gone.</summary>
    public Task Changed => changed.Task;

    /// <summary>A server of this name has been there and does not answer.</summary>
    public bool IsGone(string name) => gone.ContainsKey(name);

    /// <summary>The other servers that answer; null: this one does not see at present who there is.</summary>
    public IReadOnlyList<ServerMember>? Others => !members.AreSeveral ? []
        : members.CanBeKept && present is var all && all.Any(member => member.Name == own) ? [.. all.Where(member => member.Name != own && !IsGone(member.Name))]
        : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (members.AreSeveral && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (StorageException away)
            {
                present = [];
                Log.NotTold(logger, away.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var peer in peers.Values)
        {
            peer.Client.Dispose();
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var all = await members.ListAsync(cancellationToken);
        present = [.. all.Select(found => found.Member)];
        if (present.All(member => member.Name != own))
        {
            // Somebody took this one for dead: it tells of itself again.
            Tell();
        }

        var known = all.Where(found => found.Member.Name != own).ToList();
        foreach (var name in peers.Keys.Except(known.Select(found => found.Member.Name)).ToList())
        {
            peers.Remove(name, out var left);
            left!.Client.Dispose();
            if (left.Refusals > 0)
            {
                // Another server was sure of it first.
                gone[name] = true;
                Tell();
            }
        }

        await Task.WhenAll(known.Select(found => LookAtAsync(found.Member, found.Modified, cancellationToken)));
    }

    private async Task LookAtAsync(ServerMember member, Revision modified, CancellationToken cancellationToken)
    {
        Peer peer;
        lock (peers)
        {
            if (!peers.TryGetValue(member.Name, out peer!) || peer.Member != member)
            {
                peer?.Client.Dispose();
                peers[member.Name] = peer = new Peer(member, ClientFor(member), time.GetTimestamp());
            }
        }

        if (await IsGoneAsync(peer, cancellationToken))
        {
            // One that is itself cut off from the others cannot write that, and takes nobody for gone.
            await members.ForgetAsync(member, modified, cancellationToken);
            Log.Gone(logger, member.Name, member.Authority);
            gone[member.Name] = true;
            Tell();
        }
        else if (peer.Refusals == 0)
        {
            gone.TryRemove(member.Name, out _);
        }
    }

    private void Tell() => Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private async Task<bool> IsGoneAsync(Peer peer, CancellationToken cancellationToken)
    {
        try
        {
            await peer.Client.SendAsync(HttpMethod.Get, "/readyz", null, default, cancellationToken);
            (peer.Refusals, peer.Heard) = (0, time.GetTimestamp());
        }
        catch (Exception failure) when (failure is HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } or ApiException)
        {
            peer.Refusals++;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException)
        {
            // Perhaps the next time.
            return time.GetElapsedTime(peer.Heard) > (SilentMachine.Explains(failure) ? SilenceOfMachines : SilenceOfTheDead);
        }

        return peer.Refusals >= RefusalsOfTheDead;
    }

    private HttpObjectClient ClientFor(ServerMember member) => new(new HttpObjectClientOptions
    {
        Server = new Uri("https://kubernetes"),
        Authorities = () => identity.Authorities,
        ClientCertificate = () => identity.AdminCertificate,
        Connect = cancellationToken => Client.Joining.ServerList.ConnectAsync(new System.Net.DnsEndPoint(member.Address, member.Port), cancellationToken),
        ConnectTimeout = AnswerTimeout,
        RequestTimeout = AnswerTimeout,
        UserAgent = "flotilla-server",
    });

    /// <summary>One at a time looks at it.</summary>
    private sealed class Peer(ServerMember member, HttpObjectClient client, long heard)
    {
        public ServerMember Member => member;

        public HttpObjectClient Client => client;

        public int Refusals { get; set; }

        public long Heard { get; set; } = heard;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The server {Name} at {Authority} does not answer any more")]
        public static partial void Gone(ILogger logger, string name, string authority);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The list of servers could not be kept: {Why}")]
        public static partial void NotTold(ILogger logger, string why);
    }
}
