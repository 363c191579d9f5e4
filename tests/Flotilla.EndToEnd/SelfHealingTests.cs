using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>Things break; the cluster converges, and its events tell the story.</summary>
public sealed class SelfHealingTests(Cluster cluster)
{
    [Fact]
    public async Task A_killed_container_is_restarted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        var pod = (await space.PodsAsync())[0];
        await space.RunAsync("exec", pod, "--", "kill", "1");

        await Eventually.GetAsync(() => space.FieldAsync(pod, ".status.containerStatuses[0].restartCount"), count => count == "1");
        await space.OkAsync("wait", "--for=condition=Ready", pod, "--timeout=60s");
        Assert.NotEmpty((await space.RunAsync("logs", pod, "--previous")).Success());
        Assert.Contains("Started", await space.OkAsync("describe", pod), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_pod_is_replaced()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        var pod = (await space.PodsAsync())[0];
        await space.OkAsync("delete", pod, "--timeout=60s");

        await space.OkAsync("rollout", "status", "deployment/my-app", "--timeout=60s");
        var now = await space.PodsAsync();
        Assert.Equal(2, now.Length);
        Assert.DoesNotContain(pod, now);
    }

    [Fact]
    public async Task An_image_that_does_not_exist_stops_the_rollout_and_undo_repairs_it()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await space.OkAsync("set", "image", "deployment/my-app", "web=registry.invalid/nowhere:v1");

        await Eventually.GetAsync(
            () => space.OkAsync("get", "pods"),
            pods => pods.Contains("ImagePullBackOff", StringComparison.Ordinal) || pods.Contains("ErrImagePull", StringComparison.Ordinal));
        Assert.Equal("2", await space.FieldAsync("deployment/my-app", ".status.availableReplicas"));
        await Eventually.ContainsAsync(() => space.OkAsync("get", "events"), "Failed to pull image", 30);
        await space.OkAsync("rollout", "undo", "deployment/my-app");
        await space.OkAsync("rollout", "status", "deployment/my-app", "--timeout=90s");
        await Eventually.GetAsync(() => space.OkAsync("get", "pods", "-o", "name"), names => names.Split('\n').Length == 2);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_runs_once_it_fits()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("picky", "sleep 3600", $"  nodeSelector: {{{space.Name}: here}}"));
        await Eventually.ContainsAsync(
            () => space.OkAsync("describe", "pod", "picky"),
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, "
            + "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            20);

        await cluster.KubectlOkAsync("label", "nodes", "--all", $"{space.Name}=here");
        await space.OkAsync("wait", "--for=condition=Ready", "pod/picky", "--timeout=60s");
        await cluster.KubectlOkAsync("label", "nodes", "--all", $"{space.Name}-");
    }

    [Fact]
    public async Task Endpoints_follow_readiness()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await space.ApplyAsync(Manifests.Service("my-app"));
        var slices = "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}";
        await Eventually.GetAsync(
            () => space.OkAsync("get", "endpointslices", "-l", "kubernetes.io/service-name=my-app", "-o", slices),
            text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 2, 20);
        await space.OkAsync("scale", "deployment", "my-app", "--replicas=0");
        await Eventually.GetAsync(
            () => space.OkAsync("get", "endpointslices", "-l", "kubernetes.io/service-name=my-app", "-o", slices),
            text => text.Length == 0, 30);
    }
}
