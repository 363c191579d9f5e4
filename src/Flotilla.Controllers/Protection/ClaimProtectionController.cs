using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Protection;

/// <summary>A claim that is deleted stays until no pod on a node uses it.</summary>
internal sealed class ClaimProtectionController : Controller
{
    private const string Finalizer = "kubernetes.io/pvc-protection";
    private readonly Informer<V1PersistentVolumeClaim> claims;
    private readonly Informer<V1Pod> pods;

    public ClaimProtectionController(ControllerContext context)
        : base(context, "persistentvolumeclaim-protection-controller", workers: 1)
    {
        claims = WatchAndEnqueue<V1PersistentVolumeClaim>();
        pods = Watch<V1Pod>();
        pods.Subscribe(change =>
        {
            if (change.New is null || change.New.IsTerminal())
            {
                foreach (var name in ClaimsOf(change.Latest))
                {
                    Queue.Add(new ObjectKey(change.Latest.Metadata.NamespaceProperty, name));
                }
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (claims.Get(key) is not { } claim)
        {
            return;
        }

        var change = FinalizerChange.For(claim.Metadata, Finalizer, pods.List(key.Namespace!).Any(pod => Uses(pod, key.Name)));
        if (change == Protection.Keep)
        {
            return;
        }

        // The cache may lag behind: before a claim goes, the API itself is asked.
        if (change == Protection.Remove && (await Client.ListAsync<V1Pod>(new ListScope(key.Namespace), cancellationToken)).Items.Any(pod => Uses(pod, key.Name)))
        {
            return;
        }

        await Client.UpdateAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = FinalizerChange.Apply(claim.Metadata, Finalizer, change) }, cancellationToken);
    }

    // A pod that is on no node yet will not be started with a claim that is going.
    private static bool Uses(V1Pod pod, string claim) => !pod.IsTerminal() && !string.IsNullOrEmpty(pod.Spec.NodeName) && ClaimsOf(pod).Contains(claim);

    private static IEnumerable<string> ClaimsOf(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Select(volume => volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}")).OfType<string>();
}
