using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>
/// Removes pods that nobody else will: those whose node is gone, those deleted before they were placed, and
/// finished ones beyond the number to keep. The queue is not used; it works in rounds.
/// </summary>
internal sealed class PodCollector : Controller
{
    // A node that vanished for a moment only must not cost its pods.
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private readonly Informer<V1Node> nodes;
    private readonly Informer<V1Pod> pods;
    private readonly Dictionary<string, long> missing = new(StringComparer.Ordinal);

    public PodCollector(ControllerContext context)
        : base(context, "pod-garbage-collector", workers: 1)
    {
        nodes = Watch<V1Node>();
        pods = Watch<V1Pod>();
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override Task RunAsync(CancellationToken stoppingToken) =>
        RepeatAsync(Options.PodCollectionPeriod, CollectAsync, stoppingToken);

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        var all = pods.List();
        foreach (var pod in PodCollectionPlan.SurplusFinished(all, Options.FinishedPodsKept))
        {
            await DeleteAsync(pod, cancellationToken);
        }

        foreach (var pod in all.Where(pod => pod.IsDeleting() && string.IsNullOrEmpty(pod.Spec.NodeName)))
        {
            await DeleteAsync(pod, cancellationToken);
        }

        foreach (var pod in all.Where(IsOutOfService))
        {
            await FailAsync(pod, "PodGC: node out of service", cancellationToken);
        }

        foreach (var node in await GoneNodesAsync(all, cancellationToken))
        {
            foreach (var pod in all.Where(pod => pod.Spec.NodeName == node))
            {
                await FailAsync(pod, "PodGC: node no longer exists", cancellationToken);
            }
        }
    }

    private bool IsOutOfService(V1Pod pod) =>
        pod.IsDeleting()
        && !string.IsNullOrEmpty(pod.Spec.NodeName)
        && nodes.Get(new ObjectKey(null, pod.Spec.NodeName)) is { } node
        && NodePlan.ReadyStatus(node) != "True"
        && node.Spec?.Taints?.Any(taint => taint.Key == Taints.OutOfService) == true;

    private async Task<List<string>> GoneNodesAsync(IEnumerable<V1Pod> all, CancellationToken cancellationToken)
    {
        var absent = all
            .Select(pod => pod.Spec.NodeName)
            .Where(name => !string.IsNullOrEmpty(name) && nodes.Get(new ObjectKey(null, name)) is null)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var back in missing.Keys.Where(name => !absent.Contains(name)).ToList())
        {
            missing.Remove(back);
        }

        var gone = new List<string>();
        foreach (var name in absent)
        {
            if (missing.TryAdd(name, Time.GetTimestamp()) || Time.GetElapsedTime(missing[name]) < Quarantine)
            {
                continue;
            }

            if (!await ExistsAsync(name, cancellationToken))
            {
                gone.Add(name);
            }
        }

        return gone;
    }

    private async Task<bool> ExistsAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            await Client.GetAsync<V1Node>(new ObjectKey(null, node), cancellationToken);
            return true;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return false;
        }
    }

    private async Task FailAsync(V1Pod pod, string message, CancellationToken cancellationToken)
    {
        if (!pod.IsTerminal())
        {
            var target = new { type = "DisruptionTarget", status = "True", reason = "DeletionByPodGC", message, lastTransitionTime = Now };
            var patch = JsonSerializer.SerializeToUtf8Bytes(new
            {
                metadata = new { uid = pod.Metadata.Uid },
                status = new { phase = "Failed", conditions = new[] { target } },
            });
            try
            {
                await Client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.StrategicMerge, patch), "status", cancellationToken);
            }
            catch (ApiException gone) when (gone.Code is 404 or 409)
            {
                return;
            }
        }

        await DeleteAsync(pod, cancellationToken);
    }

    private async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var options = new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } };
            await Client.DeleteAsync<V1Pod>(pod.Key(), options, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }
}
