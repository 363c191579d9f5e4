using System.Text;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Linux;
using Flotilla.Node.Linux;
using Flotilla.Node.PodResources.Api;
using Flotilla.Node.Tests.Devices;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

/// <summary>Devices of a plugin and processors for one container alone, in real containers.</summary>
public sealed class ExclusiveResourceTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private const string Report = "while true; do grep Cpus_allowed_list /proc/self/status; sleep 0.1; done";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_container_gets_its_device_and_the_node_tells_how_many_there_are()
    {
        Directory.CreateDirectory(node.Options.CdiDirectories[0]);
        await File.WriteAllTextAsync(Path.Combine(node.Options.CdiDirectories[0], "device.json"), """{"cdiVersion": "0.6.0", "kind": "example.com/device", "devices": [{"name": "one", "containerEdits": {"env": ["BY_FILE=yes"]}}]}""", Cancel);
        await using var host = await AgentHost.StartAsync(node);
        await using var plugin = await TestPlugin.StartAsync(node.Options.DevicePluginDirectory);
        await plugin.RegisterAsync();
        await plugin.TellAsync(("one", true), ("two", true), ("three", false));
        await UntilNodeAsync(host, status => Amount(status.Capacity) == "3" && Amount(status.Allocatable) == "2");

        var pod = host.Create(AgentHost.Pod("device", spec => spec.Containers[0].Resources = Limits(TestPlugin.Resource, "1"), "sh", "-c", "echo $BY_FILE; echo $DEVICES; ls /dev/example; sleep 3600"));
        await host.UntilAsync(pod, current => current.Status?.Phase == "Running");
        await UntilLogAsync(host, pod, "yes\none\n/dev/example\n");

        var lister = Lister();
        var all = await lister.GetAllocatableResourcesAsync(new AllocatableResourcesRequest(), cancellationToken: Cancel);
        Assert.Equal((TestPlugin.Resource, "one two"), (all.Devices.Single().ResourceName, string.Join(' ', all.Devices.Single().DeviceIds)));
        var listed = (await lister.ListAsync(new ListPodResourcesRequest(), cancellationToken: Cancel)).PodResources.Single();
        Assert.Equal(("device", "default", "c", "one"), (listed.Name, listed.Namespace, listed.Containers.Single().Name, listed.Containers[0].Devices.Single().DeviceIds.Single()));
        var missing = await Assert.ThrowsAsync<RpcException>(async () => await lister.GetAsync(new GetPodResourcesRequest { PodName = "other", PodNamespace = "default" }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.NotFound, missing.StatusCode);

        var late = host.Create(AgentHost.Pod("late", spec => spec.Containers[0].Resources = Limits(TestPlugin.Resource, "2")));
        var failed = await host.UntilAsync(late, current => current.Status?.Phase == "Failed");
        Assert.Equal(("OutOf" + TestPlugin.Resource, true), (failed.Status.Reason, failed.Status.Message.Contains("requested: 2, used: 1, capacity: 2", StringComparison.Ordinal)));

        plugin.Leave();
        await UntilNodeAsync(host, status => Amount(status.Allocatable) == "0");
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task A_whole_processor_is_one_containers_alone()
    {
        Assert.SkipUnless(Environment.ProcessorCount == 2, "counts on two processors");
        await using var host = await AgentHost.StartAsync(node, options: node.Options with { ReservedCpus = "0", ReservedMemory = "0:memory=64Mi", TopologyPolicy = "single-numa-node" });
        var sharing = host.Create(AgentHost.Pod("sharing", null, "sh", "-c", Report));
        await host.UntilAsync(sharing, current => current.Status?.Phase == "Running");
        var whole = host.Create(AgentHost.Pod("whole", spec => spec.Containers[0].Resources = Limits("cpu", "1"), "sh", "-c", Report));
        await host.UntilAsync(whole, current => current.Status?.Phase == "Running");
        await UntilLogAsync(host, whole, "Cpus_allowed_list:\t1\n");
        Assert.Equal([1], (await Lister().GetAllocatableResourcesAsync(new AllocatableResourcesRequest(), cancellationToken: Cancel)).CpuIds);
        Assert.Equal([1], await CpusOfAsync("whole"));
        Assert.Empty(await CpusOfAsync("sharing"));
        var memory = (await Lister().GetAsync(new GetPodResourcesRequest { PodName = "whole", PodNamespace = "default" }, cancellationToken: Cancel)).PodResources.Containers.Single().Memory.Single();
        Assert.Equal(("memory", 64UL << 20, 0L), (memory.MemoryType, memory.Size, memory.Topology.Nodes.Single().ID));
        await UntilLogAsync(host, sharing, "Cpus_allowed_list:\t0\n");
        await host.RemoveAsync(whole);
        await UntilLogAsync(host, sharing, "Cpus_allowed_list:\t0-1\n");
        await host.RemoveAsync(sharing);
    }

    private PodResourcesLister.PodResourcesListerClient Lister() => new(UnixChannel.To(node.Options.PodResourcesSocket));

    private async Task<IEnumerable<long>> CpusOfAsync(string pod) =>
        (await Lister().GetAsync(new GetPodResourcesRequest { PodName = pod, PodNamespace = "default" }, cancellationToken: Cancel)).PodResources.Containers.Single().CpuIds;

    private static async Task UntilNodeAsync(AgentHost host, Func<V1NodeStatus, bool> isRight)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (host.Cluster.Find<V1Node>(new ObjectKey(null, "node-1"))?.Status is not { } status || !isRight(status))
        {
            Assert.True(DateTime.UtcNow < deadline, "the node does not tell of its devices");
            await Task.Delay(20, Cancel);
        }
    }

    private static async Task UntilLogAsync(AgentHost host, V1Pod pod, string end)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            using var log = new MemoryStream();
            await host.Agent.Streams.LogsAsync(new PodTarget("default", pod.Metadata.Name), new LogOptions { TailLines = 3 }, log, Cancel);
            if (Encoding.UTF8.GetString(log.ToArray()).EndsWith(end, StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(DateTime.UtcNow < deadline, $"the log of {pod.Metadata.Name} ends otherwise than {end}: {Encoding.UTF8.GetString(log.ToArray())}");
            await Task.Delay(50, Cancel);
        }
    }

    private static string? Amount(IDictionary<string, ResourceQuantity>? amounts) => amounts?.TryGetValue(TestPlugin.Resource, out var amount) == true ? amount.ToString() : null;

    private static V1ResourceRequirements Limits(string resource, string amount)
    {
        Dictionary<string, ResourceQuantity> amounts = new() { ["cpu"] = new("100m"), ["memory"] = new("64Mi") };
        amounts[resource] = new(amount);
        return new V1ResourceRequirements { Limits = amounts, Requests = amounts };
    }
}
