using System.Net.Http;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Namespaces;

/// <summary>Empties namespaces that are being deleted, and then lets them go.</summary>
internal sealed class NamespaceController : Controller
{
    private const string Finalizer = "kubernetes";

    private readonly Informer<V1Namespace> namespaces;

    public NamespaceController(ControllerContext context)
        : base(context, "namespace-controller", workers: 5)
    {
        namespaces = WatchAndEnqueue<V1Namespace>();

        // The last pod is what a namespace usually waits for.
        Watch<V1Pod>().Subscribe(change =>
        {
            var key = new ObjectKey(null, change.Latest.Metadata.NamespaceProperty);
            if (change.New is null && namespaces.Get(key)?.IsDeleting() == true)
            {
                Queue.Add(key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (namespaces.Get(key) is not { } ns || !ns.IsDeleting() || ns.Spec?.Finalizers?.Contains(Finalizer) != true)
        {
            return;
        }

        var report = await NamespaceContent.DeleteAsync(Client, key.Name, Now, cancellationToken);
        ns = await UpdateStatusAsync(ns, report, cancellationToken);
        if (!report.IsEmpty)
        {
            // Others are at work on what is left, each at its own pace.
            Queue.AddAfter(key, report.Failures.Count > 0 ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(2));
            return;
        }

        await FinalizeAsync(ns, cancellationToken);
    }

    private async Task<V1Namespace> UpdateStatusAsync(V1Namespace ns, ContentReport report, CancellationToken cancellationToken)
    {
        var conditions = NamespaceConditions.For(report, ns.Status?.Conditions, Now);
        if (ns.Status?.Phase == "Terminating" && NamespaceConditions.AreSame(ns.Status.Conditions, conditions))
        {
            return ns;
        }

        return await Client.UpdateStatusAsync(
            ns with { ApiVersion = "v1", Kind = "Namespace", Status = new V1NamespaceStatus { Phase = "Terminating", Conditions = conditions } },
            cancellationToken);
    }

    private async Task FinalizeAsync(V1Namespace ns, CancellationToken cancellationToken)
    {
        var finalized = ns with
        {
            ApiVersion = "v1",
            Kind = "Namespace",
            Spec = ns.Spec with { Finalizers = [.. ns.Spec.Finalizers.Where(finalizer => finalizer != Finalizer)] },
        };
        try
        {
            await Client.SendAsync(
                HttpMethod.Put,
                $"/api/v1/namespaces/{ns.Metadata.Name}/finalize",
                "application/json",
                ObjectJson.Encode(finalized),
                cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // As wanted.
        }
    }
}
