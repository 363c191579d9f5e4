using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using k8s.Models;

namespace Flotilla.Server.Subresources;

/// <summary>Deletes a pod if its disruption budget can spare it. The budget is charged before the pod goes.</summary>
internal sealed class PodEviction(ObjectStore objects, TimeProvider time)
{
    private const int MaxDisruptedPods = 2000;
    private const int BusyRetrySeconds = 10;
    private static readonly Kind Budget = PolicyKinds.PodDisruptionBudget;

    public async Task EvictAsync(ObjectKey key, JsonObject eviction, WriteOptions options, CancellationToken cancellationToken)
    {
        if (eviction.Object("metadata").String("name") is { Length: > 0 } name && name != key.Name)
        {
            throw Failures.BadRequest("name in URL does not match name in Eviction object");
        }

        var deletion = DeleteRequest.From(eviction.Object("deleteOptions"));
        options = options with { DryRun = options.DryRun || deletion.DryRun };
        var entry = await objects.GetAsync(CoreKinds.Pod, key, cancellationToken);
        var pod = ObjectStore.Decode(CoreKinds.Pod, entry.Value, entry.Modified);
        var budget = NeedsBudget(pod) ? await BudgetOfAsync(pod, cancellationToken) : null;
        var spared = budget is not null && IsSpared(pod, budget);
        if (budget is not null && !spared)
        {
            await SpendAsync(budget.Object("metadata").String("name")!, key, options, cancellationToken);
        }

        DeletionRules.CheckPreconditions(CoreKinds.Pod, key, pod, deletion);
        await MarkAsync(key, options, cancellationToken, spared && deletion.ResourceVersion is null ? (pod, budget!) : null);
        await objects.DeleteAsync(CoreKinds.Pod, key, deletion with { ResourceVersion = null }, options, cancellationToken);
    }

    // What has ended, not begun or is going already is no loss.
    private static bool NeedsBudget(JsonObject pod) =>
        pod.Object("status").String("phase") is not ("Succeeded" or "Failed" or "Pending") && pod.Object("metadata").String("deletionTimestamp") is null;

    private async Task<JsonObject?> BudgetOfAsync(JsonObject pod, CancellationToken cancellationToken)
    {
        var metadata = pod.Object("metadata");
        var budgets = await objects.Store.ListAsync($"{Budget.StoragePrefix}{metadata.String("namespace")}/", null, 0, null, cancellationToken);
        var matching = budgets.Entries
            .Select(entry => ObjectStore.Decode(Budget, entry.Value, entry.Modified))
            .Where(budget => LabelSelector.From(budget.Object("spec").Object("selector"))?.Matches(metadata.Object("labels")) == true)
            .ToList();
        return matching.Count <= 1
            ? matching.FirstOrDefault()
            : throw Failures.Of(500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    }

    /// <summary>A pod that is not ready may go without being counted, if the budget says so or has enough without it.</summary>
    private static bool IsSpared(JsonObject pod, JsonObject budget)
    {
        if (pod.Object("status").Objects("conditions").Any(condition => condition.String("type") == "Ready" && condition.String("status") == "True"))
        {
            return false;
        }

        var (healthy, desired) = (budget.Object("status").Integer("currentHealthy") ?? 0, budget.Object("status").Integer("desiredHealthy") ?? 0);
        return budget.Object("spec").String("unhealthyPodEvictionPolicy") == "AlwaysAllow" || (healthy >= desired && desired > 0);
    }

    private async Task SpendAsync(string name, ObjectKey pod, WriteOptions options, CancellationToken cancellationToken) =>
        await objects.ChangeAsync(
            Budget,
            new ObjectKey(pod.Namespace, name),
            Subresource.StatusName,
            options,
            budget =>
            {
                var status = budget.Child("status");
                Check(budget, name);
                var left = status.Integer("disruptionsAllowed")!.Value - 1;
                status["disruptionsAllowed"] = left;
                status.Child("disruptedPods")[pod.Name] = Times.Seconds(time.GetUtcNow());
                if (left == 0 && status.Objects("conditions").FirstOrDefault(condition => condition.String("type") == "DisruptionAllowed") is { } allowed && allowed.String("status") == "True")
                {
                    (allowed["status"], allowed["reason"], allowed["lastTransitionTime"]) = ("False", "InsufficientPods", Times.Seconds(time.GetUtcNow()));
                }

                return budget;
            },
            cancellationToken);

    private static void Check(JsonObject budget, string name)
    {
        var status = budget.Object("status");
        if ((status.Integer("observedGeneration") ?? 0) < (budget.Object("metadata").Integer("generation") ?? 0))
        {
            throw Busy(name);
        }

        var left = status.Integer("disruptionsAllowed") ?? 0;
        if (left < 0 || status.Object("disruptedPods") is { Count: > MaxDisruptedPods })
        {
            var why = left < 0 ? "pdb disruptions allowed is negative" : "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
            throw Failures.Forbidden($"poddisruptionbudget.policy \"{name}\" is forbidden: {why}", "policy", "poddisruptionbudget", name);
        }

        if (left == 0)
        {
            var failed = status.Objects("conditions").FirstOrDefault(condition => condition.String("type") == "DisruptionAllowed" && condition.String("reason") == "SyncFailed");
            throw TooMany(null, failed is not null
                ? $"The disruption budget {name} does not allow evicting pods currently because it failed sync: {failed.String("message")}"
                : $"The disruption budget {name} needs {status.Integer("desiredHealthy") ?? 0} healthy pods and has {status.Integer("currentHealthy") ?? 0} currently");
        }
    }

    /// <summary>The pod tells why it goes, before it goes. A pod let go for not being ready must not have become so.</summary>
    private async Task MarkAsync(ObjectKey key, WriteOptions options, CancellationToken cancellationToken, (JsonObject Pod, JsonObject Budget)? unready) =>
        await objects.ChangeAsync(
            CoreKinds.Pod,
            key,
            Subresource.StatusName,
            options,
            pod =>
            {
                if (unready is { } seen && pod.Object("metadata").String("resourceVersion") != seen.Pod.Object("metadata").String("resourceVersion"))
                {
                    throw Busy(seen.Budget.Object("metadata").String("name")!);
                }

                var status = pod.Child("status");
                if (status.Array("conditions") is not { } conditions)
                {
                    status["conditions"] = conditions = [];
                }

                foreach (var old in status.Objects("conditions").Where(condition => condition.String("type") == "DisruptionTarget").ToArray())
                {
                    conditions.Remove(old);
                }

                conditions.Add(new JsonObject
                {
                    ["type"] = "DisruptionTarget", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = Times.Seconds(time.GetUtcNow()),
                    ["reason"] = "EvictionByEvictionAPI", ["message"] = "Eviction API: evicting",
                });
                pod.Child("metadata").Remove("resourceVersion");
                return pod;
            },
            cancellationToken);

    private static ApiException Busy(string name) => TooMany(BusyRetrySeconds, $"The disruption budget {name} is still being processed by the server.");

    private static ApiException TooMany(int? retrySeconds, string cause) =>
        Failures.Of(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", new V1StatusDetails
        {
            RetryAfterSeconds = retrySeconds,
            Causes = [new V1StatusCause { Reason = "DisruptionBudget", Message = cause }],
        });
}
