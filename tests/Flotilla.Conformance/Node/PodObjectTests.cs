using System.Net;
using System.Text;
using Flotilla.Bench;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Node;

/// <summary>Pods as objects: labels, deadlines, addresses, status, deletion, and what streams of them say.</summary>
public sealed class PodObjectTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_pod_is_found_watched_and_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("seen", "", "terminationGracePeriodSeconds: 5"));
        var pod = await space.ReadyPodAsync("seen");
        Assert.True(IPAddress.TryParse(pod.Status.HostIP, out _) && IPAddress.TryParse(pod.Status.PodIP, out _));
        Assert.Single((await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "app=seen")).Items);
        var deleting = await space.Client.CoreV1.DeleteNamespacedPodAsync("seen", space.Name);
        Assert.Equal((true, 5), (deleting.Metadata.DeletionTimestamp is not null, deleting.Metadata.DeletionGracePeriodSeconds));
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "app=seen"), list => list.Items.Count == 0);
    }

    [Fact]
    public async Task Labels_change_and_a_collection_is_deleted()
    {
        await using var space = await Space.CreateAsync(cluster);
        foreach (var name in new[] { "one", "two", "three" })
        {
            await space.CreatePodAsync(PodYaml.Server(name));
        }
        var pod = await space.ReadyPodAsync("one");
        await space.UntilAsync(
            async () =>
            {
                var current = await space.PodAsync("one");
                current.Metadata.Labels["time"] = "now";
                using var response = await space.Client.CoreV1.ReplaceNamespacedPodWithHttpMessagesAsync(current, "one", space.Name).ContinueWith(task => task.IsFaulted ? null : task.Result, TaskScheduler.Default);
                return response is not null;
            },
            done => done);
        Assert.Equal(pod.Metadata.Uid, Assert.Single((await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "time=now")).Items).Metadata.Uid);
        await space.Client.CoreV1.DeleteCollectionNamespacedPodAsync(space.Name);
        await space.UntilAsync(() => space.Client.CoreV1.ListNamespacedPodAsync(space.Name), list => list.Items.Count == 0);
    }

    [Fact]
    public async Task A_deadline_that_is_set_later_ends_the_pod()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("late"));
        await space.ReadyPodAsync("late");
        await space.Client.CoreV1.PatchNamespacedPodAsync(new V1Patch("""{"spec":{"activeDeadlineSeconds":1}}""", V1Patch.PatchType.MergePatch), "late", space.Name);
        var pod = await space.EndedPodAsync("late");
        Assert.Equal(("Failed", "DeadlineExceeded"), (pod.Status.Phase, pod.Status.Reason));
    }

    [Fact]
    public async Task A_status_is_patched_and_replaced_from_outside()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.Server("status", "", "readinessGates: [{conditionType: example.com/gate}]"));
        await space.PodAsync("status", pod => pod.Status.Phase == "Running");
        const string gate = """{"status":{"conditions":[{"type":"example.com/gate","status":"True","reason":"Patched","message":"from outside"}]}}""";
        await space.Client.CoreV1.PatchNamespacedPodStatusAsync(new V1Patch(gate, V1Patch.PatchType.StrategicMergePatch), "status", space.Name);
        var pod = await space.ReadyPodAsync("status");
        Assert.Contains(pod.Status.Conditions, condition => condition is { Type: "example.com/gate", Reason: "Patched" });
        await space.UntilAsync(
            async () =>
            {
                var current = await space.PodAsync("status");
                current.Status.Conditions.Single(condition => condition.Type == "example.com/gate").Status = "False";
                using var response = await space.Client.CoreV1.ReplaceNamespacedPodStatusWithHttpMessagesAsync(current, "status", space.Name).ContinueWith(task => task.IsFaulted ? null : task.Result, TaskScheduler.Default);
                return response is not null;
            },
            done => done);
        await space.PodAsync("status", pod => pod.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "False", Reason: "ReadinessGatesNotReady" }));
    }

    [Theory]
    [InlineData("requests: {cpu: 50m, memory: 16Mi}, limits: {cpu: 50m, memory: 16Mi}", "Guaranteed")]
    [InlineData("requests: {cpu: 10m}", "Burstable")]
    [InlineData("", "BestEffort")]
    public async Task Quality_of_service_follows_from_resources(string resources, string quality)
    {
        await using var space = await Space.CreateAsync(cluster);
        var pod = await space.CreatePodAsync(PodYaml.Server("quality", $"resources: {{{resources}}}"));
        Assert.Equal(quality, pod.Status.QosClass);
    }

    [Fact]
    public async Task Commands_and_logs_come_over_web_sockets()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(PodYaml.For("sockets", PodYaml.Container("main", "echo container is alive; sleep 3600")));
        await space.ReadyPodAsync("sockets");
        Assert.Equal("remote execution test\n", await space.ShellAsync("sockets", "echo remote execution test"));
        var path = $"/api/v1/namespaces/{space.Name}/pods/sockets/log?container=main&follow=false";
        Assert.Contains("container is alive", Encoding.UTF8.GetString(await ReadSocketAsync(space, path)), StringComparison.Ordinal);
    }

    private async Task<byte[]> ReadSocketAsync(Space space, string path)
    {
        var address = new UriBuilder(new Uri(space.Client.BaseUri, path)) { Scheme = "wss" }.Uri;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.AddSubProtocol("binary.k8s.io");
        var trust = ClusterTrust.Options(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig));
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { SslOptions = trust });
        await socket.ConnectAsync(address, invoker, limit.Token);
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        while (socket.State == System.Net.WebSockets.WebSocketState.Open)
        {
            var part = await socket.ReceiveAsync(buffer, limit.Token);
            await all.WriteAsync(buffer.AsMemory(0, part.Count), limit.Token);
        }
        return all.ToArray();
    }
}
