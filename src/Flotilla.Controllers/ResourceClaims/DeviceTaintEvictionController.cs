using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

/// <summary>Deletes pods whose devices have a taint that their claims do not, or no longer, tolerate. Keys are those of pods.</summary>
internal sealed class DeviceTaintEvictionController : Controller
{
    private const string ByPod = "reservedFor";
    private const string ByPool = "pool";

    private static readonly Departure Tainted = new(
        "DeviceTaintManagerEviction", _ => "Marking for deletion", _ => "Cancelling deletion",
        "DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint");

    private readonly PodDepartures departures;
    private readonly Informer<V1Pod> pods;
    private readonly Informer<Resourcev1ResourceClaim> claims;
    private readonly Informer<V1ResourceSlice> slices;

    public DeviceTaintEvictionController(ControllerContext context)
        : base(context, "device-taint-eviction", workers: 4)
    {
        departures = new PodDepartures(Queue, Events, Client, Tainted);
        pods = Watch<V1Pod>();
        pods.Subscribe(change =>
        {
            if (change.Latest.Spec.ResourceClaims is { Count: > 0 } || change.Latest.Status?.ExtendedResourceClaimStatus is not null)
            {
                Queue.Add(change.Latest.Key());
            }
        });
        claims = Watch<Resourcev1ResourceClaim>();
        claims.AddIndex(ByPod, claim => PodsOf(claim).Select(pod => pod.Uid));
        claims.AddIndex(ByPool, claim => (claim.Status?.Allocation?.Devices?.Results ?? []).Select(result => PoolKey(result.Driver, result.Pool)));
        claims.Subscribe(change => LookAtPods(change.Latest));
        slices = Watch<V1ResourceSlice>();
        slices.AddIndex(ByPool, slice => [PoolKey(slice.Spec.Driver, slice.Spec.Pool.Name)]);
        slices.Subscribe(change =>
        {
            foreach (var claim in claims.ByIndex(ByPool, PoolKey(change.Latest.Spec.Driver, change.Latest.Spec.Pool.Name)))
            {
                LookAtPods(claim);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod || !pod.IsActive())
        {
            departures.Forget(key);
            return;
        }

        await departures.SettleAsync(pod, LeaveAt(pod), Now, cancellationToken);
    }

    private DateTime? LeaveAt(V1Pod pod) => claims.ByIndex(ByPod, pod.Metadata.Uid)
        .Select(claim => DeviceEvictionPlan.LeaveAt(claim, result => DeviceTaints.Of(slices.ByIndex(ByPool, PoolKey(result.Driver, result.Pool)), result.Device)))
        .Min();

    private void LookAtPods(Resourcev1ResourceClaim claim)
    {
        foreach (var pod in PodsOf(claim))
        {
            Queue.Add(new ObjectKey(claim.Metadata.NamespaceProperty, pod.Name));
        }
    }

    private static IEnumerable<V1ResourceClaimConsumerReference> PodsOf(Resourcev1ResourceClaim claim) =>
        (claim.Status?.ReservedFor ?? []).Where(reference => reference.Resource == "pods" && string.IsNullOrEmpty(reference.ApiGroup));

    private static string PoolKey(string driver, string pool) => $"{driver}/{pool}";
}
