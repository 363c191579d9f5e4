using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Pods;

/// <summary>Deletes a pod that something else than its owner wants gone, and has it say why.</summary>
internal static class PodDisruption
{
    /// <param name="reason">Of the condition <c>DisruptionTarget</c>.</param>
    public static async Task DeleteAsync(IObjectClient client, V1Pod pod, string reason, string message, DateTime now, CancellationToken cancellationToken)
    {
        var target = new { type = "DisruptionTarget", status = "True", reason, message, lastTransitionTime = now };
        var patch = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { uid = pod.Metadata.Uid }, status = new { conditions = new[] { target } } });
        try
        {
            await client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.StrategicMerge, patch), "status", cancellationToken);
            await client.DeleteAsync<V1Pod>(pod.Key(), new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }
}
