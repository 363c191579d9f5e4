using System.Text;
using Flotilla.Client.Streams;
using Flotilla.Linux;
using Flotilla.Linux.Cri;
using Flotilla.Node.Linux;
using Flotilla.Node.PodResources.Api;
using Flotilla.Node.Tests.DynamicResources;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

/// <summary>Devices of claims in real containers, over a restart of the agent.</summary>
public sealed class DynamicResourceTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private NodeOptions Options => node.Options;

    [Fact]
    public async Task A_container_has_its_device_also_when_it_starts_again_under_another_agent()
    {
        await using var driver = await TestDriver.StartAsync(Path.Combine(node.Options.PluginRegistrationDirectory, "driver.sock"));
        WriteSpec();
        var cluster = new MemoryClient();
        var host = await AgentHost.StartAsync(node, cluster, Options);
        await UntilAsync(() => driver.Calls.Contains("registered"));
        var pod = AgentHost.Pod("claims", Claims, "sh", "-c", "echo $GPU; ls -l /dev/gpu; sleep 3600");
        PutClaim(cluster, pod);
        host.Create(pod);
        var running = await host.UntilAsync(pod, current => current.Status?.Phase == "Running");
        await UntilLogAsync(host, "one\ncrw-");
        var listed = (await Lister().GetAsync(new GetPodResourcesRequest { PodName = "claims", PodNamespace = "default" }, cancellationToken: Cancel)).PodResources.Containers.Single();
        var claim = listed.DynamicResources.Single();
        var resource = claim.ClaimResources.Single();
        Assert.Equal(("one", "default", "gpu.example.com", "pool", "a"), (claim.ClaimName, claim.ClaimNamespace, resource.DriverName, resource.PoolName, resource.DeviceName));
        Assert.Equal("example.com/gpu=one", resource.CdiDevices.Single().Name);
        await host.DisposeAsync();

        host = await AgentHost.StartAsync(node, cluster, Options);
        await node.Runtime.Runtime.StopContainerAsync(new StopContainerRequest { ContainerId = running.Status.ContainerStatuses[0].ContainerID["containerd://".Length..] }, cancellationToken: Cancel);
        await host.UntilAsync(pod, current => current.Status?.ContainerStatuses?[0] is { RestartCount: 1, State.Running: not null });
        await UntilLogAsync(host, "one\ncrw-");
        Assert.Equal(["prepare one"], driver.Calls.Where(call => call != "registered"));
        await host.RemoveAsync(pod);
        Assert.Equal(["prepare one", "unprepare one"], driver.Calls.Where(call => call != "registered"));
        await host.DisposeAsync();
    }

    private PodResourcesLister.PodResourcesListerClient Lister() => new(UnixChannel.To(node.Options.PodResourcesSocket));

    private void WriteSpec()
    {
        Directory.CreateDirectory(Options.CdiDirectories[0]);
        File.WriteAllText(Path.Combine(Options.CdiDirectories[0], "gpu.json"), """
            {"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": [
              {"name": "one", "containerEdits": {"env": ["GPU=one"], "deviceNodes": [{"path": "/dev/gpu", "hostPath": "/dev/null"}]}}]}
            """);
    }

    private static void Claims(V1PodSpec spec)
    {
        spec.ResourceClaims = [new V1PodResourceClaim { Name = "device", ResourceClaimName = "one" }];
        spec.Containers[0].Resources = new V1ResourceRequirements { Claims = [new Corev1ResourceClaim { Name = "device" }] };
    }

    private static void PutClaim(MemoryClient cluster, V1Pod pod) => cluster.Put(new Resourcev1ResourceClaim
    {
        ApiVersion = "resource.k8s.io/v1",
        Kind = "ResourceClaim",
        Metadata = new V1ObjectMeta { Name = "one", NamespaceProperty = "default" },
        Spec = new V1ResourceClaimSpec(),
        Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult
            {
                Devices = new V1DeviceAllocationResult { Results = [new V1DeviceRequestAllocationResult { Driver = "gpu.example.com", Pool = "pool", Device = "a", Request = "one" }] },
            },
            ReservedFor = [new V1ResourceClaimConsumerReference { Resource = "pods", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid }],
        },
    });

    private static Task UntilLogAsync(AgentHost host, string text) => UntilAsync(async () =>
    {
        using var log = new MemoryStream();
        await host.Agent.Streams.LogsAsync(new PodTarget("default", "claims"), new LogOptions(), log, Cancel);
        return Encoding.UTF8.GetString(log.ToArray()).StartsWith(text, StringComparison.Ordinal);
    });

    private static Task UntilAsync(Func<bool> isRight) => UntilAsync(() => Task.FromResult(isRight()));

    private static async Task UntilAsync(Func<Task<bool>> isRight)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (!await isRight())
        {
            Assert.True(DateTime.UtcNow < deadline, "it does not come to that");
            await Task.Delay(20, Cancel);
        }
    }
}
