using System.Globalization;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Joining;

/// <summary>
/// Tells the cluster that a node is about to be switched off, when its agent has ended and its containers still run: nothing is sent to
/// its pods any more. Nobody waits long for a cluster that does not answer.
/// </summary>
internal sealed class NodeFarewell(IObjectClient client, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when none of its pods counts as ready, or the cluster does not answer.</summary>
    public async Task SayAsync(string node, CancellationToken cancellationToken)
    {
        using var bounded = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(bounded.Token, cancellationToken);
        try
        {
            await client.PatchAsync<V1Node>(new ObjectKey(null, node), new Patch(PatchKind.StrategicMerge, NotReady()), "status", both.Token);
            while (await IsServingAsync(node, both.Token))
            {
                await Task.Delay(PollInterval, time, both.Token);
            }
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutException or ApiException || (away is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The cluster finds out by itself, as of any node that is gone.
            return;
        }
    }

    // As upstream's kubelet puts it.
    private byte[] NotReady()
    {
        var now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var ready = new { type = "Ready", status = "False", reason = "KubeletNotReady", message = "node is shutting down", lastTransitionTime = now, lastHeartbeatTime = now };
        return JsonSerializer.SerializeToUtf8Bytes(new { status = new { conditions = new[] { ready } } });
    }

    // What services lead to follows the pods; a node may see its own.
    private async Task<bool> IsServingAsync(string node, CancellationToken cancellationToken) =>
        (await client.ListAsync<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={node}"), cancellationToken)).Items
            .Any(pod => pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true);
}
