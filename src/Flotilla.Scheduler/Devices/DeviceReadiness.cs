using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>Whether allocated devices can be used.</summary>
public enum DeviceState
{
    Ready,
    Waiting,
    Failed,
}

/// <summary>
/// Waits for devices that become usable only after they were allocated (attached to the node, say): their drivers tell by
/// conditions of the claim. What fails or takes too long is given back, so that another node can be tried.
/// </summary>
public sealed class DeviceReadiness(IObjectClient client, TimeProvider time)
{
    /// <summary>Upstream's default of <c>DynamicResourcesArgs.bindingTimeout</c>.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(600);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static bool Waits(V1AllocationResult? allocation) => (allocation?.Devices?.Results ?? []).Any(result => result.BindingConditions is { Count: > 0 });

    /// <summary>What the drivers say of all devices of the claim together.</summary>
    public static DeviceState StateOf(Resourcev1ResourceClaim claim) => (claim.Status?.Allocation?.Devices?.Results ?? [])
        .Where(result => result.BindingConditions is { Count: > 0 }).Select(result => StateOf(claim, result)).DefaultIfEmpty(DeviceState.Ready).Max();

    /// <returns>Why the pod cannot be bound; null: it can.</returns>
    public async Task<string?> WaitAsync(IReadOnlyList<ObjectKey> claims, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var waiting = new List<Resourcev1ResourceClaim>();
            foreach (var key in claims)
            {
                var claim = await client.GetAsync<Resourcev1ResourceClaim>(key, cancellationToken);
                switch (StateOf(claim))
                {
                    case DeviceState.Failed:
                        await new ClaimWriter(client).ReleaseAsync(claim, cancellationToken);
                        return $"claim {claim.Metadata.Name} binding failed";
                    case DeviceState.Waiting:
                        waiting.Add(claim);
                        break;
                }
            }

            if (waiting.Count == 0)
            {
                return null;
            }

            if (time.GetElapsedTime(start) >= Patience)
            {
                foreach (var claim in waiting)
                {
                    await new ClaimWriter(client).ReleaseAsync(claim, cancellationToken);
                }

                return $"claim {waiting[0].Metadata.Name} binding timeout";
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    private static DeviceState StateOf(Resourcev1ResourceClaim claim, V1DeviceRequestAllocationResult result)
    {
        var told = (claim.Status.Devices ?? []).FirstOrDefault(device => (device.Driver, device.Pool, device.Device, device.ShareID) == (result.Driver, result.Pool, result.Device, result.ShareID));
        var met = (told?.Conditions ?? []).Where(condition => condition.Status == "True").Select(condition => condition.Type).ToHashSet(StringComparer.Ordinal);
        return (result.BindingFailureConditions ?? []).Any(met.Contains) ? DeviceState.Failed
            : result.BindingConditions.All(met.Contains) ? DeviceState.Ready
            : DeviceState.Waiting;
    }
}
