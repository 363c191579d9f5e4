using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace CSharpClient;

/// <summary>Typed objects: created, read, replaced, patched, deleted, and refused when stale.</summary>
internal static class Objects
{
    public static async Task RunAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var settings = new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "settings", Labels = new Dictionary<string, string> { ["example"] = "csharp" } },
            Data = new Dictionary<string, string> { ["color"] = "red" },
        };
        var created = await client.CoreV1.CreateNamespacedConfigMapAsync(settings, space, cancellationToken: cancellationToken);
        created.Data["color"] = "green";
        await client.CoreV1.ReplaceNamespacedConfigMapAsync(created, "settings", space, cancellationToken: cancellationToken);
        await Console.Out.WriteLineAsync($"stale: {await StatusOfStaleAsync(client, created, space, cancellationToken)}");

        var patch = new V1Patch("""{"data":{"size":"large"}}""", V1Patch.PatchType.MergePatch);
        await client.CoreV1.PatchNamespacedConfigMapAsync(patch, "settings", space, cancellationToken: cancellationToken);
        var list = await client.CoreV1.ListNamespacedConfigMapAsync(space, labelSelector: "example=csharp", cancellationToken: cancellationToken);
        await Console.Out.WriteLineAsync($"objects: {list.Items.Single().Data["color"]} {list.Items.Single().Data["size"]}");
        await client.CoreV1.DeleteNamespacedConfigMapAsync("settings", space, cancellationToken: cancellationToken);
    }

    private static async Task<HttpStatusCode> StatusOfStaleAsync(Kubernetes client, V1ConfigMap stale, string space, CancellationToken cancellationToken)
    {
        try
        {
            await client.CoreV1.ReplaceNamespacedConfigMapAsync(stale, "settings", space, cancellationToken: cancellationToken);
            return HttpStatusCode.OK;
        }
        catch (HttpOperationException refused)
        {
            return refused.Response.StatusCode;
        }
    }
}
