using Flotilla.Conformance.Live;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Flotilla.Conformance.Scheduling;

/// <summary>Bounds and defaults of what pods ask for.</summary>
public sealed class LimitRangeTests(LiveCluster cluster)
{
    [Fact]
    public async Task Pods_get_defaults_and_are_held_to_the_bounds()
    {
        await using var space = await Space.CreateAsync(cluster);
        var api = space.Client.CoreV1;
        var range = await api.CreateNamespacedLimitRangeAsync(Range("limits", "50m", "100m", "500m"), space.Name);
        Assert.Equal("100m", range.Spec.Limits[0].DefaultRequest["cpu"].ToString());
        await space.UntilAsync(() => api.ListNamespacedLimitRangeAsync(space.Name), list => list.Items.Count == 1);

        var plain = await api.CreateNamespacedPodAsync(Pod("plain", null, null), space.Name, dryRun: "All");
        Assert.Equal(("100m", "500m"), Resources(plain));
        var partial = await api.CreateNamespacedPodAsync(Pod("partial", "300m", null), space.Name, dryRun: "All");
        Assert.Equal(("300m", "500m"), Resources(partial));
        await RefusedAsync(space, Pod("small", "10m", "50m"));
        await RefusedAsync(space, Pod("large", "600m", "600m"));

        range.Spec.Limits[0].Min["cpu"] = new("9m");
        await api.ReplaceNamespacedLimitRangeAsync(range, "limits", space.Name);
        await space.UntilAsync(async () => await AllowsAsync(space, Pod("small", "10m", "50m")), allowed => allowed);

        await api.DeleteNamespacedLimitRangeAsync("limits", space.Name);
        await space.UntilAsync(async () => await AllowsAsync(space, Pod("large", "600m", "600m")), allowed => allowed);
    }

    [Fact]
    public async Task Ranges_are_listed_everywhere_patched_and_deleted_as_a_collection()
    {
        await using var one = await Space.CreateAsync(cluster);
        await using var other = await Space.CreateAsync(cluster);
        var (api, selector) = (one.Client.CoreV1, $"test={one.Name}");
        foreach (var space in (Space[])[one, other])
        {
            var range = Range("limits", "50m", "100m", "500m");
            range.Metadata.Labels = new Dictionary<string, string> { ["test"] = one.Name };
            await api.CreateNamespacedLimitRangeAsync(range, space.Name);
        }

        Assert.Equal(2, (await api.ListLimitRangeForAllNamespacesAsync(labelSelector: selector)).Items.Count);
        var patch = new V1Patch($$$"""{"metadata":{"labels":{"patched":"{{{one.Name}}}"}},"spec":{"limits":[{"type":"Container","default":{"cpu":"480m"},"max":{"cpu":"500m"}}]}}""", V1Patch.PatchType.StrategicMergePatch);
        var patched = await api.PatchNamespacedLimitRangeAsync(patch, "limits", one.Name);
        Assert.Equal("480m", patched.Spec.Limits[0].DefaultProperty["cpu"].ToString());

        await api.DeleteCollectionNamespacedLimitRangeAsync(one.Name, labelSelector: $"patched={one.Name}");
        await one.UntilAsync(() => api.ListLimitRangeForAllNamespacesAsync(labelSelector: selector), list => list.Items.Count == 1);
    }

    private static async Task RefusedAsync(Space space, V1Pod pod)
    {
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => space.Client.CoreV1.CreateNamespacedPodAsync(pod, space.Name, dryRun: "All"));
        Assert.Equal(403, (int)refused.Response.StatusCode);
    }

    private static async Task<bool> AllowsAsync(Space space, V1Pod pod)
    {
        try
        {
            await space.Client.CoreV1.CreateNamespacedPodAsync(pod, space.Name, dryRun: "All");
            return true;
        }
        catch (HttpOperationException refused) when ((int)refused.Response.StatusCode == 403)
        {
            return false;
        }
    }

    private static (string Request, string Limit) Resources(V1Pod pod)
    {
        var resources = pod.Spec.Containers[0].Resources;
        return (resources.Requests["cpu"].ToString(), resources.Limits["cpu"].ToString());
    }

    private static V1LimitRange Range(string name, string min, string request, string max) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1LimitRangeSpec
        {
            Limits =
            [
                new V1LimitRangeItem { Type = "Container", Min = Cpu(min), DefaultRequest = Cpu(request), DefaultProperty = Cpu(max), Max = Cpu(max) },
            ],
        },
    };

    private static Dictionary<string, ResourceQuantity> Cpu(string amount) => new() { ["cpu"] = new(amount) };

    private static V1Pod Pod(string name, string? request, string? limit) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "main",
                    Image = "my-image",
                    Resources = new V1ResourceRequirements { Requests = request is null ? null : Cpu(request), Limits = limit is null ? null : Cpu(limit) },
                },
            ],
        },
    };
}
