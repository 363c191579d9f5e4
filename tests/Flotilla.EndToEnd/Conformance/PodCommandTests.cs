using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Conformance;

/// <summary>What conformance asks of kubectl and single pods.</summary>
public sealed class PodCommandTests(Cluster cluster)
{
    private const string OtherImage = "my-image:other";

    [Fact]
    public async Task A_pod_is_run_labelled_dry_run_and_its_image_replaced()
    {
        await cluster.LoadImageAsync(OtherImage, "curl");
        await using var space = await Space.CreateAsync(cluster);
        await space.OkAsync("run", "once", "--image=my-image", "--image-pull-policy=IfNotPresent", "--restart=Never");
        Assert.Equal("my-image Never", await space.OkAsync("get", "pod", "once", "-o", "jsonpath={.spec.containers[0].image} {.spec.restartPolicy}"));
        await space.OkAsync("run", "httpd", "--image=my-image", "--image-pull-policy=IfNotPresent", "--labels=run=httpd");
        await space.OkAsync("wait", "--for=condition=Ready", "pod/httpd", "--timeout=60s");

        await space.OkAsync("label", "pods", "httpd", "testing-label=testing-label-value");
        Assert.Contains("testing-label-value", await space.OkAsync("get", "pod", "httpd", "-L", "testing-label"), StringComparison.Ordinal);
        await space.OkAsync("label", "pods", "httpd", "testing-label-");
        Assert.DoesNotContain("testing-label-value", await space.OkAsync("get", "pod", "httpd", "-L", "testing-label"), StringComparison.Ordinal);

        var patch = $$$"""{"spec":{"containers":[{"name":"httpd","image":"{{{OtherImage}}}"}]}}""";
        Assert.Contains("patched", await space.OkAsync("patch", "pod", "httpd", "-p", patch, "--dry-run=server"), StringComparison.Ordinal);
        Assert.Equal("my-image", await space.FieldAsync("pod/httpd", ".spec.containers[0].image"));

        var imageId = await space.FieldAsync("pod/httpd", ".status.containerStatuses[0].imageID");
        var pod = JsonNode.Parse(await space.OkAsync("get", "pod", "httpd", "-o", "json"))!;
        pod["spec"]!["containers"]![0]!["image"] = OtherImage;
        (await space.RunAsync(35, pod.ToJsonString(), "replace", "-f", "-")).Success();
        Assert.Equal(OtherImage, await space.FieldAsync("pod/httpd", ".spec.containers[0].image"));

        // An image that has several names is reported by any of them: its identity tells which one runs.
        await Eventually.GetAsync(() => space.FieldAsync("pod/httpd", ".status.containerStatuses[0].imageID"), now => now.Length > 0 && now != imageId);
    }

    [Fact]
    public async Task Logs_are_filtered()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(Manifests.Pod("logs", "for i in 1 2 3 4 5; do echo line $i; done; sleep 3600"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/logs", "--timeout=60s");
        await Eventually.ContainsAsync(() => space.OkAsync("logs", "logs", "main"), "line 5");

        Assert.Equal("line 5", await space.OkAsync("logs", "logs", "main", "--tail=1"));
        Assert.Single(await space.OkAsync("logs", "logs", "main", "--limit-bytes=1"));
        var stamped = (await space.OkAsync("logs", "logs", "main", "--tail=1", "--timestamps")).Split(' ', 2);
        Assert.True(DateTimeOffset.TryParseExact(stamped[0].Split('.')[0] + "Z", "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
        Assert.Equal("line 5", stamped[1]);
        await Eventually.GetAsync(() => space.OkAsync("logs", "logs", "main", "--since=1s"), recent => recent.Length == 0, 10);
        Assert.Equal(5, (await space.OkAsync("logs", "logs", "main", "--since=24h")).Split('\n').Length);
    }
}
