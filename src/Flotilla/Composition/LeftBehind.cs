using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;
using Flotilla.Local;
using Flotilla.Node.Joining;
using Flotilla.Server.Identity;
using Flotilla.Server.Membership;

namespace Flotilla.Composition;

/// <summary>
/// Whether the cluster went on without this server, when another was made to with <c>--force-new-cluster</c> or from a backup: that one shows a later
/// <see cref="ClusterGeneration"/>. Then this one serves no more, also when its like are a majority among themselves, and remembers why.
/// </summary>
internal sealed class LeftBehind
{
    private const string FileName = "left-behind";
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ClusterSettings settings;
    private readonly TimeProvider time;
    private readonly IReadOnlyList<DnsEndPoint> known;

    public LeftBehind(ClusterSettings settings, TimeProvider time)
    {
        this.settings = settings;
        this.time = time;

        // As of before it starts: those that it does not see for some time it forgets.
        known = [.. ControlPlane.ServersOf(settings).All.Skip(1).Concat(new KnownMembers(settings).Read().Select(member => new DnsEndPoint(member.DnsSafeHost, settings.ApiPort))).Distinct()];
    }

    /// <summary>From now on this server is the one that goes on, and who has heard of that believes no other.</summary>
    public static void GoOn(ClusterSettings settings, TimeProvider time)
    {
        ClusterGeneration.Write(settings.IdentityDirectory, ClusterGeneration.After(ClusterGeneration.Read(settings.IdentityDirectory), time.GetUtcNow()));
        File.Delete(FileOf(settings));
    }

    /// <summary>Before the server starts.</summary>
    /// <exception cref="UserError">The cluster went on without it.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(FileOf(settings)))
        {
            throw new UserError(await File.ReadAllTextAsync(FileOf(settings), cancellationToken));
        }

        await LookAsync(known, cancellationToken);
    }

    /// <summary>Until cancelled.</summary>
    /// <param name="present">The other servers that are of the same cluster for sure; null: nobody knows.</param>
    /// <exception cref="UserError">The cluster went on without this server.</exception>
    public async Task WatchAsync(Func<IReadOnlyList<ServerMember>?> present, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var own = present()?.Select(member => new DnsEndPoint(member.Address, member.Port)) ?? [];
            await LookAsync([.. known.Except(own)], cancellationToken);
            await Task.Delay(Every, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(IReadOnlyList<DnsEndPoint> servers, CancellationToken cancellationToken)
    {
        if (servers.Count == 0)
        {
            return;
        }

        // Anew each time, since the authority may have been rotated; mostly nobody answers.
        var authorities = new Lazy<X509Certificate2Collection>(() => ClusterIdentity.AuthoritiesOf(settings.IdentityDirectory, time, settings.Seal));
        var shown = await Task.WhenAll(servers.Select(async server => (Server: server, Generation: await GenerationOfAsync(server, authorities, cancellationToken))));
        var latest = shown.MaxBy(found => found.Generation);
        if (latest.Generation > ClusterGeneration.Read(settings.IdentityDirectory))
        {
            var sentence = $"The cluster went on without this server: {ServerList.Text(latest.Server)} was made to with --force-new-cluster, or from a backup, at {DateTimeOffset.FromUnixTimeMilliseconds(latest.Generation):u}. "
                + "What is here is of before that. Delete it with 'flotilla down --purge' and join as a new server; only if this server is to be the one that goes on, start it with --force-new-cluster.";
            await File.WriteAllTextAsync(FileOf(settings), sentence, cancellationToken);
            throw new UserError(sentence);
        }
    }

    /// <returns>0: it does not answer, or does not prove itself.</returns>
    private static async Task<long> GenerationOfAsync(DnsEndPoint server, Lazy<X509Certificate2Collection> authorities, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);
        try
        {
            await using var tls = new SslStream(await ServerList.ConnectAsync(server, bounded.Token));
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities.Value);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = NodeJoin.Server.Host, CertificateChainPolicy = policy }, bounded.Token);
            return tls.RemoteCertificate is X509Certificate2 certificate ? ClusterGeneration.Of(certificate) : 0;
        }
        catch (Exception away) when (away is IOException or System.Net.Sockets.SocketException or TimeoutException or AuthenticationException || (away is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return 0;
        }
    }

    private static string FileOf(ClusterSettings settings) => Path.Combine(settings.DataDirectory, FileName);
}
