using System.Text.Json.Nodes;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Resources of running containers change without a restart: asked for through the subresource, seen in status and cgroups.</summary>
public sealed class ResizeTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("grow", "c1 100m/32Mi>120m/40Mi; c2 100m/32Mi>120m/40Mi; c3 100m/32Mi>90m/28Mi")]
    [InlineData("shrink", "c1 100m/32Mi>110m/36Mi; c2 100m/32Mi>80m/26Mi; c3 100m/32Mi>80m/26Mi")]
    [InlineData("mixed", "c1 100m/32Mi>120m/32Mi; c2 100m/32Mi>80m/40Mi; c3 100m/32Mi>120m/40Mi")]
    public async Task Guaranteed_pods_of_several_containers_are_resized_in_place(string name, string changes)
    {
        await using var space = await Space.CreateAsync(cluster);
        var wanted = changes.Split("; ").Select(Change.Parse).ToList();
        await space.CreatePodAsync(PodYaml.For(name, string.Join("\n  - ", wanted.Select(change => Container(change.Name, Equal(change.Before))))));
        await space.ReadyPodAsync(name);
        await PatchAsync(space, name, wanted.Select(change => (change.Name, Both(change.After, change.After))));
        await CheckAsync(space, name, wanted.ToDictionary(change => change.Name, change => (Requests: change.After, Limits: (string?)change.After)));
    }

    [Fact]
    public async Task A_burstable_pod_of_six_gets_more_less_and_limits_where_none_were()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("six", string.Join("\n  - ",
            Container("c1", "requests: {cpu: 50m, memory: 32Mi}"), Container("c2", "requests: {cpu: 50m, memory: 32Mi}, limits: {cpu: 100m, memory: 64Mi}"),
            Container("c3", "requests: {cpu: 50m, memory: 32Mi}, limits: {cpu: 100m, memory: 64Mi}"), Container("c4", "requests: {cpu: 50m}"),
            Container("c5", "requests: {memory: 32Mi}"), Container("c6", ""))));
        await space.ReadyPodAsync("six");
        await PatchAsync(space, "six",
        [
            ("c1", Both("60m/40Mi", "120m/80Mi")), ("c2", Both("40m/32Mi", "80m/64Mi")), ("c3", Both("60m/40Mi", "120m/80Mi")),
            ("c4", Both("60m/32Mi", "120m/64Mi")), ("c5", Both("40m/40Mi", null)), ("c6", Both("30m/32Mi", "60m/64Mi")),
        ]);
        await CheckAsync(space, "six", new Dictionary<string, (string, string?)>
        {
            ["c1"] = ("60m/40Mi", "120m/80Mi"), ["c2"] = ("40m/32Mi", "80m/64Mi"), ["c3"] = ("60m/40Mi", "120m/80Mi"),
            ["c4"] = ("60m/32Mi", "120m/64Mi"), ["c5"] = ("40m/40Mi", null), ["c6"] = ("30m/32Mi", "60m/64Mi"),
        });
    }

    [Fact]
    public async Task Amounts_that_the_kernel_cannot_tell_apart_are_shown_as_asked()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("equivalent", Container("c1", "requests: {cpu: 2m}, limits: {cpu: 10m}")));
        await space.ReadyPodAsync("equivalent");
        await PatchAsync(space, "equivalent", [("c1", """{"requests":{"cpu":"1m"},"limits":{"cpu":"5m"}}""")]);
        var pod = await space.PodAsync("equivalent", pod => pod.Status.ContainerStatuses[0].Resources?.Requests?["cpu"].ToString() == "1m");
        Assert.Equal(("5m", "1m", 0), (pod.Status.ContainerStatuses[0].Resources.Limits["cpu"].ToString(), pod.Status.ContainerStatuses[0].AllocatedResources["cpu"].ToString(), pod.Status.ContainerStatuses[0].RestartCount));
    }

    [Fact]
    public async Task A_pod_is_resized_by_replacing_it_too()
    {
        await using var space = await Space.CreateAsync(cluster);
        var api = new RawApi(space.Client);
        await space.CreatePodAsync(PodYaml.For("replaced", Container("c1", Equal("100m/32Mi"))));
        await space.ReadyPodAsync("replaced");
        var path = $"/api/v1/namespaces/{space.Name}/pods/replaced";
        var pod = (await api.GetAsync(path + "/resize")).Expect(200).Body;
        pod["spec"]!["containers"]![0]!["resources"] = JsonNode.Parse(Both("120m/40Mi", "120m/40Mi"));
        (await api.SendAsync("PUT", path + "/resize", pod.ToJsonString())).Expect(200);
        await CheckAsync(space, "replaced", new Dictionary<string, (string, string?)> { ["c1"] = ("120m/40Mi", "120m/40Mi") });
        Assert.Equal((await api.GetAsync(path)).Text, (await api.GetAsync(path + "/resize")).Text);
    }

    private static string Equal(string amounts) => $"requests: {Yaml(amounts)}, limits: {Yaml(amounts)}";

    private static string Yaml(string amounts) => $"{{cpu: {amounts.Split('/')[0]}, memory: {amounts.Split('/')[1]}}}";

    private static string Json(string amounts) => $$"""{"cpu":"{{amounts.Split('/')[0]}}","memory":"{{amounts.Split('/')[1]}}"}""";

    private static string Both(string requests, string? limits) => limits is null ? $$"""{"requests":{{Json(requests)}}}""" : $$"""{"requests":{{Json(requests)}},"limits":{{Json(limits)}}}""";

    private static string Container(string name, string resources) => PodYaml.Container(name, "sleep 3600", $"resources: {{{resources}}}");

    private static Task PatchAsync(Space space, string pod, IEnumerable<(string Name, string Resources)> containers) =>
        space.Client.CoreV1.PatchNamespacedPodResizeAsync(
            new V1Patch("{\"spec\":{\"containers\":[" + string.Join(',', containers.Select(one => $"{{\"name\":\"{one.Name}\",\"resources\":{one.Resources}}}")) + "]}}", V1Patch.PatchType.StrategicMergePatch), pod, space.Name);

    private static async Task CheckAsync(Space space, string name, Dictionary<string, (string Requests, string? Limits)> expected)
    {
        static string? Text(IDictionary<string, ResourceQuantity>? amounts) => amounts is null || amounts.Count < 2 ? null : $"{amounts["cpu"]}/{amounts["memory"]}";
        var pod = await space.PodAsync(name, pod => pod.Status.ContainerStatuses.All(status =>
            (Text(status.Resources?.Requests), Text(status.Resources?.Limits), Text(status.AllocatedResources)) == (expected[status.Name].Requests, expected[status.Name].Limits, expected[status.Name].Requests)));
        Assert.All(pod.Status.ContainerStatuses, status => Assert.Equal(0, status.RestartCount));
        Assert.DoesNotContain(pod.Status.Conditions, condition => condition.Type is "PodResizePending" or "PodResizeInProgress");
        foreach (var (container, amounts) in expected.Where(pair => pair.Value.Limits is not null))
        {
            var quota = await space.ShellAsync(name, "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max", container);
            Assert.Equal(new ResourceQuantity(amounts.Limits!.Split('/')[0]).ToDecimal() * 100_000, decimal.Parse(quota, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private sealed record Change(string Name, string Before, string After)
    {
        public static Change Parse(string text)
        {
            var words = text.Split(' ', '>');
            return new Change(words[0], words[1], words[2]);
        }
    }
}
