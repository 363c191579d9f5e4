using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Server.Bootstrap;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorities;

/// <summary>
/// Rotates the cluster's authority: the next one signs at once and is published beside the one before; nodes trust both and get new
/// certificates; when every node has, the one before is trusted no more. How far it is, is on disk (<see cref="ClusterIdentity"/>) before
/// anybody hears of it, so that a server that starts goes on. One loop, which sleeps while nothing is rotated.
/// </summary>
public sealed partial class AuthorityRotation : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ServerStartsWithin = TimeSpan.FromMinutes(2);

    private readonly ClusterIdentity identity;
    private readonly AccessObjects access;
    private readonly IObjectClient client;
    private readonly Func<DateTimeOffset?> lastAdmitted;
    private readonly string own;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly DirtyKeys looks;
    private string published;

    /// <param name="lastAdmitted">When a server was let in last.</param>
    internal AuthorityRotation(ClusterIdentity identity, AccessObjects access, IObjectClient client, Func<DateTimeOffset?> lastAdmitted, string own, TimeProvider time, ILogger<AuthorityRotation> logger)
    {
        (this.identity, this.access, this.client, this.lastAdmitted, this.own, this.time, this.logger) = (identity, access, client, lastAdmitted, own, time, logger);
        looks = new DirtyKeys(time, TimeSpan.Zero);
        published = identity.CaPem;
    }

    /// <summary>Called after everybody can read of other authorities.</summary>
    public Action? Published { get; set; }

    public override void Dispose()
    {
        turn.Dispose();
        base.Dispose();
    }

    /// <summary>Returns when the next authority signs and is published; the rest goes on by itself.</summary>
    /// <exception cref="ApiException">It cannot be, and why.</exception>
    public async Task BeginAsync(AuthorityChange change, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await CheckAloneAsync(cancellationToken);
            Use(change);
            Log.Begun(logger, JoinToken.HashOf(identity.CaCertificate));
            looks.Poke();
            await PublishAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task<AuthorityStatus> ReadAsync(CancellationToken cancellationToken) =>
        new(identity.CaCertificate.ExportCertificatePem() + "\n", identity.RotationStarted, identity.RotationStarted is { } started ? await AwaitedAsync(started, cancellationToken) : []);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is ApiException or StorageException or IOException)
            {
                Log.Delayed(logger, failure.Message);
            }

            await looks.TakeAsync(identity.RotationStarted is null && published == identity.CaPem ? Timeout.InfiniteTimeSpan : LookEvery, stoppingToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (identity.RotationStarted is { } started && RotationPlan.MayEnd(await AwaitedAsync(started, cancellationToken), time.GetUtcNow() - started))
            {
                identity.FinishRotation();
                Log.Finished(logger, JoinToken.HashOf(identity.CaCertificate));
            }

            if (published != identity.CaPem)
            {
                await PublishAsync(cancellationToken);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private void Use(AuthorityChange change)
    {
        try
        {
            identity.BeginRotation(change.Certificate, change.Key);
        }
        catch (InvalidOperationException going)
        {
            throw Failures.Of(409, "Conflict", going.Message);
        }
        catch (ArgumentException unfit)
        {
            throw Failures.BadRequest($"this cannot be the cluster's authority: {unfit.Message}");
        }
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        var pem = identity.CaPem;
        await access.PublishAsync(cancellationToken);
        Published?.Invoke();
        published = pem;
    }

    private async Task<IReadOnlyList<string>> AwaitedAsync(DateTimeOffset started, CancellationToken cancellationToken) =>
        RotationPlan.Awaited((await client.ListAsync<V1Node>(ListScope.All, cancellationToken)).Items, own, JoinToken.HashOf(identity.CaCertificate), time.GetUtcNow() - started);

    // The others would sign by the authority of before, and refuse what the next one signed.
    private async Task CheckAloneAsync(CancellationToken cancellationToken)
    {
        var leases = await client.ListAsync<V1Lease>(new ListScope(ServerLeases.Namespace, $"{ServerLeases.Label}={ServerLeases.LabelValue}"), cancellationToken);
        var servers = leases.Items.Select(ServerLeases.NameOf).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (servers.Any(server => server != own))
        {
            throw Failures.Of(409, "Conflict", $"the authority is rotated in a cluster of one server only, and this one has {string.Join(", ", servers)}: make the others workers (flotilla node demote NAME) or take them out (flotilla node rm NAME), rotate, and let them join again");
        }

        if (lastAdmitted() is { } admitted && time.GetUtcNow() - admitted < ServerStartsWithin)
        {
            throw Failures.Of(409, "Conflict", $"a server was given the cluster's keys at {admitted:u} and may be starting: the authority is rotated in a cluster of one server only");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The cluster's certificate authority is being rotated; the next one, {Hash}, signs from now on")]
        public static partial void Begun(ILogger logger, string hash);

        [LoggerMessage(Level = LogLevel.Information, Message = "The cluster's certificate authority is rotated: {Hash} alone is trusted, and certificates and join tokens of the one before hold no more")]
        public static partial void Finished(ILogger logger, string hash);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The rotation of the cluster's certificate authority waits: {Reason}")]
        public static partial void Delayed(ILogger logger, string reason);
    }
}
