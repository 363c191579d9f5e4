using Flotilla.Api;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

public sealed class LeaderElectionOptions
{
    public required string Name { get; init; }

    public string Namespace { get; init; } = "kube-system";

    public required string Identity { get; init; }

    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether a holder is known to have died: its lease is then taken as soon as it has missed two renewals.</summary>
    public Func<string, bool> IsGone { get; init; } = _ => false;
}

/// <summary>
/// Runs <paramref name="lead"/> in one process of several: the one that holds a Lease. The token given to it is
/// cancelled before anybody else could take over, because the lease could not be renewed in time.
/// </summary>
public sealed partial class LeaderElection(
    IObjectClient client,
    LeaderElectionOptions options,
    Func<CancellationToken, Task> lead,
    TimeProvider time,
    ILogger logger) : BackgroundService
{
    private readonly ObjectKey key = new(options.Namespace, options.Name);
    private readonly EventRecorder events = new(client, options.Name, time, logger);

    // Clocks of different machines disagree, so a foreign lease expires by how long it has been seen unchanged here.
    private (string? Version, long Seen) observed;

    public override void Dispose()
    {
        events.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await events.StartAsync(stoppingToken);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                if (await TryHoldAsync(stoppingToken))
                {
                    Log.Leading(logger, options.Name, options.Identity);
                    events.Record(Lease(), "Normal", "LeaderElection", $"{options.Identity} became leader");
                    await LeadAsync(stoppingToken);
                }

                await Task.Delay(options.RetryPeriod, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping; LeadAsync has given the lease back.
        }
    }

    private async Task LeadAsync(CancellationToken stoppingToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var work = Task.Run(() => lead(term.Token), CancellationToken.None);
        var renewed = time.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested && !work.IsCompleted && time.GetElapsedTime(renewed) < options.RenewDeadline)
        {
            await Task.WhenAny(work, Task.Delay(options.RetryPeriod, time, stoppingToken));
            if (!stoppingToken.IsCancellationRequested && await TryHoldAsync(stoppingToken))
            {
                renewed = time.GetTimestamp();
            }
        }

        await term.CancelAsync();
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            // What leading was asked to do.
        }
        finally
        {
            Log.Ended(logger, options.Name, options.Identity);
            await ReleaseAsync();
        }
    }

    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = new CancellationTokenSource(options.RenewDeadline, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
            return await HoldAsync(both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception error)
        {
            Log.NotHeld(logger, options.Name, error.Message);
            return false;
        }
    }

    private async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        V1Lease lease;
        try
        {
            lease = await client.GetAsync<V1Lease>(key, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            await client.CreateAsync(Held(new V1LeaseSpec { LeaseTransitions = 0, AcquireTime = now }, null, now), cancellationToken);
            return true;
        }

        var spec = lease.Spec ?? new V1LeaseSpec();
        var mine = spec.HolderIdentity == options.Identity;
        if (!mine && !string.IsNullOrEmpty(spec.HolderIdentity) && !IsStale(lease))
        {
            return false;
        }

        var next = mine
            ? spec with { }
            : new V1LeaseSpec { AcquireTime = now, LeaseTransitions = (spec.LeaseTransitions ?? 0) + 1 };

        // The resourceVersion makes sure that of two who try, one succeeds.
        await client.UpdateAsync(Held(next, lease.Metadata, now), cancellationToken);
        return true;
    }

    private bool IsStale(V1Lease lease)
    {
        if (observed.Version != lease.Metadata.ResourceVersion)
        {
            observed = (lease.Metadata.ResourceVersion, time.GetTimestamp());
            return false;
        }

        var silent = time.GetElapsedTime(observed.Seen);
        return silent > TimeSpan.FromSeconds(lease.Spec?.LeaseDurationSeconds ?? 0)
            || (silent > 2 * options.RetryPeriod && lease.Spec?.HolderIdentity is { } holder && options.IsGone(holder));
    }

    private async Task ReleaseAsync()
    {
        using var timeout = new CancellationTokenSource(options.RetryPeriod, time);
        try
        {
            var lease = await client.GetAsync<V1Lease>(key, timeout.Token);
            if (lease.Spec?.HolderIdentity == options.Identity)
            {
                await client.UpdateAsync(
                    new V1Lease
                    {
                        Metadata = lease.Metadata,
                        Spec = lease.Spec with { HolderIdentity = "", LeaseDurationSeconds = 1 },
                    },
                    timeout.Token);
            }
        }
        catch (Exception error)
        {
            // Others wait for the lease to run out instead.
            Log.NotHeld(logger, options.Name, error.Message);
        }
    }

    private V1ObjectReference Lease() => new()
    {
        ApiVersion = "coordination.k8s.io/v1",
        Kind = "Lease",
        Name = options.Name,
        NamespaceProperty = options.Namespace,
    };

    private V1Lease Held(V1LeaseSpec spec, V1ObjectMeta? metadata, DateTime now)
    {
        spec.HolderIdentity = options.Identity;
        spec.LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds;
        spec.RenewTime = now;
        return new V1Lease
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = metadata ?? new V1ObjectMeta { Name = options.Name, NamespaceProperty = options.Namespace },
            Spec = spec,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Identity} leads {Name}")]
        public static partial void Leading(ILogger logger, string name, string identity);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Identity} no longer leads {Name}")]
        public static partial void Ended(ILogger logger, string name, string identity);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Lease {Name} not held: {Why}")]
        public static partial void NotHeld(ILogger logger, string name, string why);
    }
}
