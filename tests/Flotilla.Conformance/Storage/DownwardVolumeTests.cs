using System.Globalization;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>What a pod may read about itself from files, as a volume of its own and as part of a projected one.</summary>
public sealed class DownwardVolumeTests(LiveCluster cluster)
{
    private const string PodName = "{path: podname, fieldRef: {fieldPath: metadata.name}}";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_pods_name(bool projected) =>
        Assert.Equal("reader", await ReadAsync(projected, PodName, "podname"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_default_mode_is_that_of_every_file(bool projected) =>
        Assert.Equal("400\n", await OutputAsync(projected, PodName, "stat -Lc %a /v/podname", mode: ", defaultMode: 0400"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_item_can_have_a_mode_of_its_own(bool projected) =>
        Assert.Equal("400\n", await OutputAsync(projected, "{path: podname, fieldRef: {fieldPath: metadata.name}, mode: 0400}", "stat -Lc %a /v/podname"));

    [Theory]
    [InlineData(false, "limits.cpu", "1", "2")]
    [InlineData(false, "requests.cpu", "1m", "250")]
    [InlineData(false, "limits.memory", "1", "67108864")]
    [InlineData(false, "requests.memory", "1", "33554432")]
    [InlineData(true, "limits.cpu", "1", "2")]
    [InlineData(true, "requests.cpu", "1m", "250")]
    [InlineData(true, "limits.memory", "1", "67108864")]
    [InlineData(true, "requests.memory", "1", "33554432")]
    public async Task A_containers_resources(bool projected, string resource, string divisor, string expected) =>
        Assert.Equal(expected, await ReadAsync(projected, Resource(resource, divisor), "amount", "{limits: {cpu: 1250m, memory: 64Mi}, requests: {cpu: 250m, memory: 32Mi}}"));

    [Theory]
    [InlineData(false, "cpu")]
    [InlineData(false, "memory")]
    [InlineData(true, "cpu")]
    [InlineData(true, "memory")]
    public async Task Without_a_limit_it_is_what_the_node_has_to_give(bool projected, string resource)
    {
        var node = await cluster.NodeAsync();
        var expected = Math.Ceiling(node.Status.Allocatable[resource].ToDecimal()).ToString("0", CultureInfo.InvariantCulture);
        Assert.Equal(expected, await ReadAsync(projected, Resource($"limits.{resource}", "1"), "amount"));
    }

    [Theory]
    [InlineData(false, "labels")]
    [InlineData(false, "annotations")]
    [InlineData(true, "labels")]
    [InlineData(true, "annotations")]
    public async Task Labels_and_annotations_follow_the_pod(bool projected, string field)
    {
        await using var space = await Space.CreateAsync(cluster);
        var item = $"{{path: {field}, fieldRef: {{fieldPath: metadata.{field}}}}}";
        await space.CreatePodAsync(new MountPod($"while true; do cat /v/{field}; echo; sleep 0.3; done") { Volumes = Volume(projected, item, "") }.ToString());
        await space.ReadyPodAsync("reader");
        await space.LogAsync("reader", null, field == "labels" ? "zone=\"us-est-coast\"\n" : "builder=\"John-doe\"\n");
        var patch = new V1Patch($"{{\"metadata\":{{\"{field}\":{{\"fresh\":\"value3\"}}}}}}", V1Patch.PatchType.MergePatch);
        await space.Client.CoreV1.PatchNamespacedPodAsync(patch, "reader", space.Name);
        await space.LogAsync("reader", null, "fresh=\"value3\"\n");
    }

    private Task<string> ReadAsync(bool projected, string item, string file, string resources = "{}") =>
        OutputAsync(projected, item, $"cat /v/{file}", resources);

    private async Task<string> OutputAsync(bool projected, string item, string command, string resources = "{}", string mode = "")
    {
        await using var space = await Space.CreateAsync(cluster);
        return await space.OutputAsync(new MountPod(command) { Volumes = Volume(projected, item, mode), Resources = resources }.ToString());
    }

    private static string Volume(bool projected, string item, string mode) => projected
        ? $"{{name: v, projected: {{sources: [{{downwardAPI: {{items: [{item}]}}}}]{mode}}}}}"
        : $"{{name: v, downwardAPI: {{items: [{item}]{mode}}}}}";

    private static string Resource(string resource, string divisor) =>
        $"{{path: amount, resourceFieldRef: {{containerName: main, resource: {resource}, divisor: {divisor}}}}}";
}
