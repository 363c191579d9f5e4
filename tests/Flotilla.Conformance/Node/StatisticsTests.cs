using System.Text.Json.Nodes;
using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>What a node tells of itself and its pods, on its own port and through the API.</summary>
public sealed class StatisticsTests(LiveCluster cluster)
{
    [Fact]
    public async Task Use_of_processor_and_memory_is_told_by_every_door()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync("""
            metadata: {name: busy, labels: {app: busy}}
            spec: {containers: [{name: main, image: my-image, imagePullPolicy: Never, command: [sh, -c, 'while true; do :; done'], resources: {limits: {cpu: 200m}}}]}
            """);
        await space.ReadyPodAsync("busy");
        var top = await space.UntilAsync(() => space.KubectlAsync("top", "pods", "--containers", "--no-headers"), output => output.ExitCode == 0 && output.Output.Contains("busy", StringComparison.Ordinal), 40);
        Assert.Matches(@"busy\s+main\s+\d{2,3}m\s+\d+Mi", top.Output);
        Assert.Matches(@"\d+m\s+\d+%", (await space.KubectlAsync("top", "nodes", "--no-headers")).Success());

        var node = $"/api/v1/nodes/{(await space.PodAsync("busy")).Spec.NodeName}/proxy";
        Assert.Equal("ok", (await space.KubectlAsync("get", "--raw", node + "/healthz")).Success());
        var summary = JsonNode.Parse((await space.KubectlAsync("get", "--raw", node + "/stats/summary")).Success())!;
        var pod = summary["pods"]!.AsArray().Single(pod => pod!["podRef"]!["namespace"]!.GetValue<string>() == space.Name)!;
        Assert.InRange(pod["containers"]![0]!["cpu"]!["usageNanoCores"]!.GetValue<long>(), 20_000_000, 400_000_000);
        Assert.True(pod["network"]!["interfaces"]!.AsArray().Count > 0);
        foreach (var (path, series) in new[] { ("resource", "pod_cpu_usage_seconds_total"), ("cadvisor", "container_memory_working_set_bytes"), ("probes", "prober_probe_total") })
        {
            Assert.Contains(series, (await space.KubectlAsync("get", "--raw", $"{node}/metrics/{path}")).Success(), StringComparison.Ordinal);
        }
    }
}
