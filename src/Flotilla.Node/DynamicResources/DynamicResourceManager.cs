using Flotilla.Api;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.DynamicResources;

/// <summary>
/// Lets drivers make the devices of a pod's claims ready before the pod's sandbox is made, and put them away when the last
/// pod that uses them has ended. Its own loop puts away what pods have left that nobody knows any more.
/// </summary>
/// <param name="pods">The uids of all pods of the node; null: they are not known yet.</param>
internal sealed partial class DynamicResourceManager(
    ClaimReader reader, DraDrivers drivers, DeviceHealths healths, ClaimLedger ledger, Func<IReadOnlySet<string>?> pods, TimeProvider time, ILogger<DynamicResourceManager> logger) : BackgroundService
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);
    private readonly ClaimGates gates = new();

    /// <exception cref="DynamicResourceException">They are not ready; the words are for the user.</exception>
    public async Task PrepareAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var claims = new List<PreparedClaim>();
        foreach (var use in PodClaimNames.Of(pod))
        {
            claims.Add(PreparedClaim.For(await reader.ReadAsync(pod, use, cancellationToken)));
        }
        if (claims.Count == 0)
        {
            return;
        }
        // Before anything is noted: a pod whose driver never comes must be able to go.
        var found = claims.SelectMany(claim => claim.Drivers.Keys).Distinct(StringComparer.Ordinal).ToDictionary(name => name, drivers.Find, StringComparer.Ordinal);
        using var entered = await gates.EnterAsync(claims.Select(claim => claim.Key), cancellationToken);
        claims.ForEach(claim => ledger.Use(claim, pod.Metadata.Uid));
        await PrepareAsync([.. claims.Where(claim => !ledger.Get(claim.Key)!.IsPrepared)], found, cancellationToken);
    }

    /// <summary>The names that the container's runtime is told, of devices that are ready.</summary>
    /// <exception cref="DynamicResourceException">A claim is not prepared.</exception>
    public IReadOnlyList<string> NamesFor(V1Pod pod, V1Container container) =>
        [.. DevicesFor(pod, container).SelectMany(found => found.Device.Names).Distinct(StringComparer.Ordinal)];

    /// <exception cref="DynamicResourceException">A claim is not prepared.</exception>
    public IEnumerable<(PreparedClaim Claim, string Driver, PreparedDevice Device)> DevicesFor(V1Pod pod, V1Container container)
    {
        foreach (var (key, requests) in ContainerClaims.Of(pod, container))
        {
            var claim = ledger.Get(key) ?? throw new DynamicResourceException($"internal error: unable to get claim info for ResourceClaim {key.Name} in namespace {key.Namespace}");
            foreach (var (driver, device) in claim.DevicesOf(requests))
            {
                yield return (claim, driver, device);
            }
        }
    }

    /// <summary>Whether anything is prepared, or about to be, for the pod.</summary>
    public bool Has(string podUid) => ledger.Of(podUid).Any();

    /// <summary>How the devices are of the claims that a container names, as its status tells it: of those that are ready.</summary>
    public IEnumerable<V1ResourceStatus> HealthOf(V1Pod pod, V1Container container) =>
        (container.Resources?.Claims ?? []).Select(use => HealthOf(pod, use)).OfType<V1ResourceStatus>();

    /// <summary>Nothing of the pod runs any more.</summary>
    /// <exception cref="DynamicResourceException">Not all is put away; it is to be tried again.</exception>
    public async Task UnprepareAsync(string podUid, CancellationToken cancellationToken)
    {
        var keys = ledger.Of(podUid).Select(claim => claim.Key).ToList();
        if (keys.Count == 0)
        {
            return;
        }
        using var entered = await gates.EnterAsync(keys, cancellationToken);
        var last = new List<PreparedClaim>();
        foreach (var claim in keys.Select(ledger.Get).OfType<PreparedClaim>())
        {
            if (claim.Pods.Count > 1)
            {
                ledger.Leave(claim.Key, podUid);
            }
            else
            {
                last.Add(claim);
            }
        }
        foreach (var batch in DriverBatch.For(last))
        {
            await batch.UnprepareAsync(drivers.Find(batch.Driver), cancellationToken);
        }
        last.ForEach(claim => ledger.Remove(claim.Key));
    }

    public override void Dispose()
    {
        gates.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await PutAwayAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is prepared stays so: its containers keep running.
        }
    }

    private V1ResourceStatus? HealthOf(V1Pod pod, Corev1ResourceClaim use)
    {
        if (!PodClaimNames.TryFind(pod, use.Name, out var name) || ledger.Get(new ObjectKey(pod.Metadata.NamespaceProperty, name)) is not { } claim)
        {
            return null;
        }
        var devices = claim.DevicesOf(string.IsNullOrEmpty(use.Request) ? [] : [use.Request]).Select(found => HealthOf(found.Driver, found.Device)).ToList();
        return devices.Count == 0 ? null : new V1ResourceStatus { Name = string.IsNullOrEmpty(use.Request) ? $"claim:{use.Name}" : $"claim:{use.Name}/{use.Request}", Resources = devices };
    }

    private V1ResourceHealth HealthOf(string driver, PreparedDevice device)
    {
        var (status, message) = healths.Of(driver, device.Pool, device.Name);
        return new V1ResourceHealth { ResourceID = device.Names.Count > 0 ? device.Names[0] : $"{driver}/{device.Pool}/{device.Name}", Health = status, Message = message };
    }

    private async Task PutAwayAsync(CancellationToken cancellationToken)
    {
        if (pods() is not { } known)
        {
            return;
        }
        foreach (var podUid in ledger.All.SelectMany(claim => claim.Pods).Where(uid => !known.Contains(uid)).Distinct(StringComparer.Ordinal))
        {
            try
            {
                await UnprepareAsync(podUid, cancellationToken);
            }
            catch (DynamicResourceException failure)
            {
                Log.StaysPrepared(logger, podUid, failure.Message);
            }
        }
    }

    private async Task PrepareAsync(IReadOnlyList<PreparedClaim> claims, Dictionary<string, DraDriver> found, CancellationToken cancellationToken)
    {
        var devices = claims.ToDictionary(claim => claim.Key, _ => new Dictionary<string, IReadOnlyList<PreparedDevice>>(StringComparer.Ordinal));
        foreach (var batch in DriverBatch.For(claims))
        {
            foreach (var (key, prepared) in await batch.PrepareAsync(found[batch.Driver], cancellationToken))
            {
                devices[key][batch.Driver] = prepared;
            }
        }
        foreach (var (key, ofClaim) in devices)
        {
            ledger.Prepared(key, ofClaim);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Claims of pod {Pod}, which is gone, are still prepared: {Reason}")]
        public static partial void StaysPrepared(ILogger logger, string pod, string reason);
    }
}
