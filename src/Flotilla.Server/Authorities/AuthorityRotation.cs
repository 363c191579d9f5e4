using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Server.Bootstrap;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorities;

/// <summary>
/// Rotates the cluster's authority in the steps of <see cref="AuthorityStep"/>: every server trusts the next one, then every server signs by it and it is published, so
/// that nodes trust both and get new certificates, then the one before is trusted no more. Each server goes by what they store together, and tells
/// when it does; any of them writes the next step when all have. So it goes on whichever of them ends. One loop, which of one server sleeps while nothing is rotated.
/// </summary>
public sealed partial class AuthorityRotation : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BeginsWithin = TimeSpan.FromSeconds(20);

    private readonly ClusterIdentity identity;
    private readonly AccessObjects access;
    private readonly IObjectClient client;
    private readonly AuthorityRecords records;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly DirtyKeys looks;
    private string published;

    internal AuthorityRotation(ClusterIdentity identity, AccessObjects access, IObjectClient client, AuthorityRecords records, TimeProvider time, ILogger<AuthorityRotation> logger)
    {
        (this.identity, this.access, this.client, this.records, this.time, this.logger) = (identity, access, client, records, time, logger);
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

    /// <summary>Before this server shows itself to anybody: it goes by what happened while it was away.</summary>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await records.CatchUpAsync(cancellationToken);
        if (await records.ReadAsync(cancellationToken) is { } found)
        {
            Adopt(found.Rotation);
        }

        published = identity.CaPem;
    }

    /// <summary>Returns when the next authority signs and is published, or some server takes long to know it; the rest goes on by itself.</summary>
    /// <exception cref="ApiException">It cannot be, and why.</exception>
    public async Task BeginAsync(AuthorityChange change, CancellationToken cancellationToken)
    {
        await StoreFailures.TellAsync(() => WriteAsync(change, cancellationToken));
        looks.Poke();
        var begun = time.GetTimestamp();
        while (await StoreFailures.TellAsync(() => LookAsync(cancellationToken)) is { Step: AuthorityStep.Known } && time.GetElapsedTime(begun) < BeginsWithin)
        {
            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    public Task<AuthorityStatus> ReadAsync(CancellationToken cancellationToken) => StoreFailures.TellAsync(async () =>
    {
        await records.CatchUpAsync(cancellationToken);
        var certificate = identity.CaCertificate.ExportCertificatePem() + "\n";
        return await records.ReadAsync(cancellationToken) is { Rotation: { GoesOn: true } rotation }
            ? new AuthorityStatus(certificate, rotation.Started, await AwaitedAsync(rotation, cancellationToken))
            : new AuthorityStatus(certificate, null, []);
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var isSettled = false;
            try
            {
                isSettled = await LookAsync(stoppingToken) is not { GoesOn: true };
            }
            catch (Exception failure) when (failure is ApiException or StorageException or IOException)
            {
                Log.Delayed(logger, failure.Message);
            }

            // Of another server's nobody tells it.
            await looks.TakeAsync(isSettled && !records.AreShared ? Timeout.InfiniteTimeSpan : LookEvery, stoppingToken);
        }
    }

    private async Task<AuthorityRecord> WriteAsync(AuthorityChange change, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await records.CatchUpAsync(cancellationToken);
            var last = await records.ReadAsync(cancellationToken);
            if (last is { } found)
            {
                Adopt(found.Rotation);
            }

            var rotation = Plan(change);
            if (!await records.TryWriteAsync(rotation, last?.At, cancellationToken))
            {
                throw Failures.Of(409, "Conflict", "another rotation of the authority began at the same moment");
            }

            Log.Begun(logger, rotation.Hash);
            return rotation;
        }
        finally
        {
            turn.Release();
        }
    }

    private AuthorityRecord Plan(AuthorityChange change)
    {
        try
        {
            return identity.PlanRotation(change.Certificate, change.Key);
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

    /// <returns>How far it is, as far as this server can bring it now; null: none ever began.</returns>
    private async Task<AuthorityRecord?> LookAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                if (await records.ReadAsync(cancellationToken) is not (var rotation, var at))
                {
                    // Of a backup, the objects may be older than the keys.
                    if (identity.Rotation is not { } kept)
                    {
                        return null;
                    }

                    await records.TryWriteAsync(kept, null, cancellationToken);
                    continue;
                }

                await FollowAsync(rotation, cancellationToken);
                if (!rotation.GoesOn || !RotationPlan.MayGoOn(rotation.Step, await AwaitedAsync(rotation, cancellationToken), time.GetUtcNow() - rotation.Started))
                {
                    return rotation;
                }

                if (!await records.TryWriteAsync(rotation with { Step = rotation.Step + 1 }, at, cancellationToken))
                {
                    await records.CatchUpAsync(cancellationToken);
                }
            }
        }
        finally
        {
            turn.Release();
        }
    }

    // Of the step before, nobody is to read when all have come to the next: first it is published, then told.
    private async Task FollowAsync(AuthorityRecord rotation, CancellationToken cancellationToken)
    {
        Adopt(rotation);
        if (rotation.Step != AuthorityStep.Known && published != identity.CaPem)
        {
            var pem = identity.CaPem;
            await access.PublishAsync(cancellationToken);
            Published?.Invoke();
            published = pem;
        }

        if (rotation.GoesOn)
        {
            await records.TellAsync(rotation, cancellationToken);
        }
    }

    private void Adopt(AuthorityRecord rotation)
    {
        if (identity.Adopt(rotation))
        {
            Log.Followed(logger, rotation.Hash, rotation.Step switch
            {
                AuthorityStep.Known => "is trusted beside the present one",
                AuthorityStep.Signs => "signs, and the one before is trusted still",
                _ => "alone is trusted, and certificates and join tokens of the one before hold no more",
            });
        }
    }

    private async Task<IReadOnlyList<string>> AwaitedAsync(AuthorityRecord rotation, CancellationToken cancellationToken)
    {
        var servers = await records.FollowersAsync(rotation, cancellationToken);
        var behind = servers.Where(server => !server.Value).Select(server => server.Key);
        return rotation.Step == AuthorityStep.Known
            ? [.. behind]
            : [.. behind.Concat(RotationPlan.Awaited((await client.ListAsync<V1Node>(ListScope.All, cancellationToken)).Items, servers.Keys, rotation.Hash, time.GetUtcNow() - rotation.Started)).Order(StringComparer.Ordinal)];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The cluster's certificate authority is being rotated; the next one is {Hash}")]
        public static partial void Begun(ILogger logger, string hash);

        [LoggerMessage(Level = LogLevel.Information, Message = "Of the cluster's certificate authorities {Hash} {What}")]
        public static partial void Followed(ILogger logger, string hash, string what);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The rotation of the cluster's certificate authority waits: {Reason}")]
        public static partial void Delayed(ILogger logger, string reason);
    }
}
