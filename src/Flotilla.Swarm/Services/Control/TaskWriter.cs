using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Tasks;
using k8s.Models;

namespace Flotilla.Swarm.Services.Control;

/// <summary>Carries plans out on Pods, many at a time. That something is gone already is no failure.</summary>
internal sealed class TaskWriter(IObjectClient client, RecentWrites<V1Pod> written)
{
    private const int AtOnce = 64;

    public Task CreateAsync(IEnumerable<V1Pod> pods, CancellationToken cancellationToken) =>
        EachAsync(pods, async pod => written.Wrote(await client.CreateAsync(pod, cancellationToken)), cancellationToken);

    /// <summary>Stops; the record stays.</summary>
    public Task StopAsync(IEnumerable<ServiceTask> tasks, CancellationToken cancellationToken) => EachAsync(
        tasks.DistinctBy(task => task.Id),
        task => task.Node is null ? ForgetAsync(task.Pod, cancellationToken) : DeleteAsync(task.Pod, cancellationToken),
        cancellationToken);

    public Task RemoveAsync(IEnumerable<V1Pod> pods, CancellationToken cancellationToken) => EachAsync(pods.DistinctBy(pod => pod.Metadata.Uid), pod => ForgetAsync(pod, cancellationToken), cancellationToken);

    public Task ReleaseAsync(IEnumerable<ServiceTask> tasks, CancellationToken cancellationToken) => EachAsync(
        tasks, async task => written.Wrote(await PatchAsync(task.Pod, new JsonObject { ["spec"] = new JsonObject { ["schedulingGates"] = null } }, cancellationToken)), cancellationToken);

    public Task RejectAsync(IEnumerable<(ServiceTask Task, string Why)> tasks, CancellationToken cancellationToken) => EachAsync(
        tasks,
        async rejected =>
        {
            var note = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SwarmApi.Rejected] = rejected.Why } } };
            written.Wrote(await PatchAsync(rejected.Task.Pod, note, cancellationToken));
            await DeleteAsync(rejected.Task.Pod, cancellationToken);
        },
        cancellationToken);

    /// <summary>Whether there is anything left to do for a task that is to be forgotten.</summary>
    public static bool IsToForget(V1Pod pod) => pod.Metadata.DeletionTimestamp is null || IsKept(pod);

    private static bool IsKept(V1Pod pod) => pod.Metadata.Finalizers?.Contains(SwarmApi.History) == true;

    private async Task ForgetAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (IsKept(pod))
        {
            var rest = new JsonArray([.. pod.Metadata.Finalizers.Where(name => name != SwarmApi.History).Select(name => (JsonNode)name)]);
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid, ["finalizers"] = rest } };

            // Nobody reads what it has become.
            await client.SendAsync(HttpMethod.Patch, RequestPath.Of(ResourceType.Of<V1Pod>(), pod.Metadata.NamespaceProperty, pod.Metadata.Name), "application/merge-patch+json", ObjectJson.Encode(patch), cancellationToken);
        }

        await DeleteAsync(pod, cancellationToken);
    }

    private async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (pod.Metadata.DeletionTimestamp is null)
        {
            var options = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid }, GracePeriodSeconds = pod.Status?.Phase is "Succeeded" or "Failed" ? 0 : null };
            await client.DeleteAsync<V1Pod>(pod.Key(), options, cancellationToken);
        }
    }

    private Task<V1Pod> PatchAsync(V1Pod pod, JsonObject patch, CancellationToken cancellationToken)
    {
        patch["metadata"] ??= new JsonObject();
        patch["metadata"]!["uid"] = pod.Metadata.Uid;
        return client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
    }

    private static Task EachAsync<T>(IEnumerable<T> all, Func<T, Task> act, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        all,
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
        async (one, _) =>
        {
            try
            {
                await act(one);
            }
            catch (ApiException gone) when (gone.IsNotFound || gone.IsAlreadyExists || (gone.Code == 409 && gone.Reason == "Conflict") || gone.Code == 422)
            {
                // Somebody was faster; the next round sees it.
            }
        });
}
