using System.Diagnostics;
using Flotilla.Node.Linux;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

/// <summary>Mounts that pods and the machine share, or do not.</summary>
public sealed class MountTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private const string PageCount = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

    private static bool IsRunning(V1Pod pod) => pod.Status.Phase == "Running" && pod.Status.ContainerStatuses?[0].State.Running is not null;

    [Fact]
    public async Task What_a_pod_mounts_reaches_those_who_want_it_and_nobody_else()
    {
        var shared = Directory.CreateDirectory(Path.Combine(node.Options.DataDirectory, "shared")).FullName;
        await RunAsync("mount", "--bind", shared, shared);
        await RunAsync("mount", "--make-shared", shared);
        await using var host = await AgentHost.StartAsync(node);
        try
        {
            const string ready = "until cat /v/in/file > /dev/termination-log 2> /dev/null; do sleep 0.1; done";
            var gets = host.Create(Mounting("gets", shared, "HostToContainer", ready));
            var apart = host.Create(Mounting("apart", shared, "None", "sleep 3600"));
            await host.UntilAsync(gets, IsRunning);
            var before = await host.UntilAsync(apart, IsRunning);

            var gives = Mounting("gives", shared, "Bidirectional", "mkdir -p /v/in && mount -t tmpfs tmpfs /v/in && echo -n inside > /v/in/file && sleep 3600");
            gives.Spec.Containers[0].SecurityContext = new V1SecurityContext { Privileged = true };
            gives = host.Create(gives);
            Assert.Equal("inside", (await host.UntilAsync(gets, pod => pod.Status.Phase == "Succeeded")).Status.ContainerStatuses[0].State.Terminated.Message);
            Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(shared, "in", "file")));

            var inside = new List<string>();
            var process = int.Parse((await node.Runtime.Runtime.ContainerStatusAsync(
                new() { ContainerId = before.Status.ContainerStatuses[0].ContainerID["containerd://".Length..], Verbose = true })).Info["info"].Split("\"pid\":")[1].Split(',', '}')[0]);
            inside.AddRange((await File.ReadAllLinesAsync($"/proc/{process}/mountinfo")).Select(line => line.Split(' ')[4]));
            Assert.Contains("/v", inside);
            Assert.DoesNotContain("/v/in", inside);
            foreach (var pod in new[] { gets, apart, gives })
            {
                await host.RemoveAsync(pod);
            }
        }
        finally
        {
            Mounts.UnmountBelow(shared);
        }
    }

    [Fact]
    public async Task Large_pages_are_a_file_system_for_who_asks_for_them()
    {
        Assert.SkipUnless(File.Exists(PageCount), "The kernel has no large pages.");
        var before = await File.ReadAllTextAsync(PageCount);
        await File.WriteAllTextAsync(PageCount, "4");
        try
        {
            Assert.SkipUnless((await File.ReadAllTextAsync(PageCount)).Trim() == "4", "The machine has no room for large pages.");
            await using var host = await AgentHost.StartAsync(node);
            var pod = AgentHost.Pod(
                "pages",
                spec =>
                {
                    spec.RestartPolicy = "Never";
                    spec.Volumes = [new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = "HugePages" } }];
                    var amounts = new Dictionary<string, ResourceQuantity> { ["hugepages-2Mi"] = new("4Mi"), ["memory"] = new("32Mi") };
                    spec.Containers[0].Resources = new V1ResourceRequirements { Requests = amounts, Limits = amounts };
                    spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
                },
                "sh", "-c", "grep ' /v ' /proc/mounts > /dev/termination-log");
            pod = host.Create(pod);
            var message = (await host.UntilAsync(pod, current => current.Status.Phase == "Succeeded")).Status.ContainerStatuses[0].State.Terminated.Message;
            Assert.Contains("hugetlbfs", message, StringComparison.Ordinal);
            Assert.Contains("pagesize=2M", message, StringComparison.Ordinal);
            await host.RemoveAsync(pod);
        }
        finally
        {
            await File.WriteAllTextAsync(PageCount, before);
        }
    }

    private static V1Pod Mounting(string name, string path, string propagation, string command) => AgentHost.Pod(
        name,
        spec =>
        {
            spec.RestartPolicy = "Never";
            spec.Volumes = [new V1Volume { Name = "v", HostPath = new V1HostPathVolumeSource { Path = path } }];
            spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v", MountPropagation = propagation }];
        },
        "sh", "-c", command);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
