using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Local;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>Cordons a node and evicts its pods. An eviction that a disruption budget refuses is asked for again until there is room.</summary>
internal sealed class NodeDrain(IObjectClient client, TimeProvider time, Action<string> progress)
{
    private const int TooManyRequests = 429;
    private const string Mirror = "kubernetes.io/config.mirror";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <exception cref="UserError">There is no such node.</exception>
    public static async Task<V1Node> FindAsync(IObjectClient client, string node, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<V1Node>(new ObjectKey(null, node), cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            throw new UserError($"There is no node {node}; 'flotilla node ls' shows those there are.");
        }
    }

    /// <exception cref="UserError">Pods stay, with the reason.</exception>
    public async Task RunAsync(string node, TimeSpan timeout, bool force, CancellationToken cancellationToken)
    {
        await FindAsync(client, node, cancellationToken);
        var cordon = JsonSerializer.SerializeToUtf8Bytes(new { spec = new { unschedulable = true } });
        await client.PatchAsync<V1Node>(new ObjectKey(null, node), new Patch(PatchKind.Merge, cordon), null, cancellationToken);
        var orphans = (await PodsAsync(node, cancellationToken)).Where(pod => ControllerOf(pod) is null && !IsOver(pod)).Select(pod => pod.Key().ToString()).ToList();
        if (orphans.Count > 0 && !force)
        {
            throw new UserError($"Nobody makes {string.Join(", ", orphans)} anew elsewhere; delete {(orphans.Count == 1 ? "it" : "them")}, or drain with --force. The node gets no new pods.");
        }

        var (start, refused) = (time.GetTimestamp(), new Dictionary<string, string>(StringComparer.Ordinal));
        while (true)
        {
            var left = await PodsAsync(node, cancellationToken);
            if (left.Count == 0)
            {
                return;
            }

            foreach (var pod in left.Where(pod => pod.Metadata.DeletionTimestamp is null))
            {
                await EvictAsync(pod, refused, cancellationToken);
            }

            if (time.GetElapsedTime(start) > timeout)
            {
                var why = refused.Count > 0 ? $" ({refused.Values.First()})" : "";
                throw new UserError($"After {timeout.TotalSeconds:0} s these pods are still on {node}: {string.Join(", ", left.Select(pod => pod.Key()))}{why}. Give it more time with --timeout.");
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    private async Task EvictAsync(V1Pod pod, Dictionary<string, string> refused, CancellationToken cancellationToken)
    {
        var key = pod.Key();
        var eviction = new V1Eviction
        {
            ApiVersion = "policy/v1",
            Kind = "Eviction",
            Metadata = new V1ObjectMeta { Name = key.Name, NamespaceProperty = key.Namespace },
            DeleteOptions = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } },
        };
        try
        {
            await client.SendAsync(
                HttpMethod.Post, $"/api/v1/namespaces/{key.Namespace}/pods/{key.Name}/eviction", "application/json", ObjectJson.Encode(eviction), cancellationToken);
            refused.Remove(key.ToString());
            progress($"evicted {key}");
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            refused.Remove(key.ToString());
        }
        catch (ApiException budget) when (budget.Code == TooManyRequests)
        {
            if (refused.TryAdd(key.ToString(), budget.Message))
            {
                progress($"waiting for {key}: {budget.Message}");
            }
        }
    }

    // A DaemonSet's pods belong to the node, and files on the node make mirrors anew.
    private async Task<IReadOnlyList<V1Pod>> PodsAsync(string node, CancellationToken cancellationToken) =>
        [.. (await client.ListAsync<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={node}"), cancellationToken)).Items
            .Where(pod => ControllerOf(pod)?.Kind != "DaemonSet" && pod.Metadata.Annotations?.ContainsKey(Mirror) != true)];

    private static bool IsOver(V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    private static V1OwnerReference? ControllerOf(V1Pod pod) => pod.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);
}
