using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Disruption;

/// <summary>Keeps the status of disruption budgets: how many pods may be evicted right now.</summary>
internal sealed class DisruptionController : Controller
{
    private readonly Informer<V1PodDisruptionBudget> budgets;
    private readonly Informer<V1Pod> pods;
    private IReadOnlyList<DiscoveredResource> served = [];

    public DisruptionController(ControllerContext context)
        : base(context, "controllermanager", workers: 1)
    {
        budgets = WatchAndEnqueue<V1PodDisruptionBudget>();
        pods = Watch<V1Pod>();
        pods.Subscribe(change =>
        {
            EnqueueFor(change.Old);
            EnqueueFor(change.New);
        });
        Watch<V1Deployment>().Subscribe(change => EnqueueScaled(change.Latest.Metadata, change.Old?.Spec.Replicas != change.New?.Spec.Replicas));
        Watch<V1StatefulSet>().Subscribe(change => EnqueueScaled(change.Latest.Metadata, change.Old?.Spec.Replicas != change.New?.Spec.Replicas));
        Watch<V1ReplicaSet>().Subscribe(change => EnqueueScaled(change.Latest.Metadata, change.Old?.Spec.Replicas != change.New?.Spec.Replicas));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (budgets.Get(key) is not { } budget)
        {
            return;
        }

        var selected = pods.List(key.Namespace!).Where(pod => Selects(budget, pod)).ToList();
        if (selected.Count == 0)
        {
            Events.Record(budget, "Normal", "NoPods", "No matching pods found");
        }

        try
        {
            var scale = DisruptionPlan.NeedsScale(budget.Spec) ? await OwnerScales.SumAsync(Client, key.Namespace!, selected, ResourceOfAsync, cancellationToken) : 0;
            await ApplyAsync(budget, DisruptionPlan.For(budget, selected, scale, Now), cancellationToken);
        }
        catch (UnknownScaleException unknown)
        {
            Events.Record(budget, "Warning", "CalculateExpectedPodCountFailed", $"Failed to calculate the number of expected pods: {unknown.Message}");
            await WriteAsync(budget, DisruptionPlan.Failed(budget, unknown.Message, Now), cancellationToken);
        }
    }

    private async Task ApplyAsync(V1PodDisruptionBudget budget, DisruptionPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.NotDeleted)
        {
            Events.Record(pod, "Warning", "NotDeleted", $"Pod was expected by PDB {budget.Metadata.NamespaceProperty}/{budget.Metadata.Name} to be deleted but it wasn't");
        }

        await WriteAsync(budget, plan.Status, cancellationToken);
        if (plan.Recheck is { } wait)
        {
            Queue.AddAfter(budget.Key(), wait + TimeSpan.FromSeconds(1));
        }
    }

    private async Task WriteAsync(V1PodDisruptionBudget budget, V1PodDisruptionBudgetStatus status, CancellationToken cancellationToken)
    {
        if (!DisruptionPlan.AreSame(budget.Status, status))
        {
            await Client.UpdateStatusAsync(budget with { ApiVersion = "policy/v1", Kind = "PodDisruptionBudget", Status = status }, cancellationToken);
        }
    }

    /// <param name="identity">Group, version and kind, e.g. <c>apps/v1/StatefulSet</c>.</param>
    private async Task<DiscoveredResource?> ResourceOfAsync(string identity, CancellationToken cancellationToken)
    {
        if (Find() is { } known)
        {
            return known;
        }

        served = await Discovery.ReadAsync(Client, cancellationToken);
        return Find();

        DiscoveredResource? Find() => served.FirstOrDefault(resource => $"{resource.Type.ApiVersion}/{resource.Type.Kind}" == identity);
    }

    private void EnqueueFor(V1Pod? pod)
    {
        foreach (var budget in pod is null ? [] : budgets.List(pod.Metadata.NamespaceProperty).Where(budget => Selects(budget, pod)))
        {
            Queue.Add(budget.Key());
        }
    }

    private void EnqueueScaled(V1ObjectMeta owner, bool scaled)
    {
        foreach (var budget in scaled ? budgets.List(owner.NamespaceProperty).Where(budget => DisruptionPlan.NeedsScale(budget.Spec)) : [])
        {
            Queue.Add(budget.Key());
        }
    }

    private static bool Selects(V1PodDisruptionBudget budget, V1Pod pod) => budget.Spec.Selector is { } selector && selector.Matches(pod.Metadata.Labels);
}
