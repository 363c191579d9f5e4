using Flotilla.Client;
using Flotilla.Node.Status;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Node.Tests.Status;

public sealed class OutOfMemoryTests
{
    private const string Killed = "3,1201,987654321,-;Out of memory: Killed process 4711 (my app (x)) total-vm:1kB, anon-rss:1kB, UID:0 pgtables:1kB oom_score_adj:0";

    private const string Container = "2e9c49f60cb32f875f06f90b2d7d5548d0980cc0ec257622ed311e498032eb0d";
    private const string InContainer = $"6,1200,987654320,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),task_memcg=/kubepods/pod1/{Container},task=busybox,pid=7,uid=0";

    [Theory]
    [InlineData("3,7,1,-;Out of memory: Killed process 42 (java) total-vm:1kB", "java", 42)]
    [InlineData("3,7,1,-;Memory cgroup out of memory: Killed process 42 (java) total-vm:1kB", null, 0)]
    [InlineData("6,7,1,-;java invoked oom-killer: gfp_mask=0x0, order=0, oom_score_adj=0", null, 0)]
    [InlineData("12,7,1,-;Out of memory: Killed process 42 (forged)", null, 0)]
    [InlineData("no record", null, 0)]
    [InlineData("", null, 0)]
    public void Only_the_kernels_own_word_on_the_machine_counts(string record, string? process, int id) =>
        Assert.Equal(process is null ? null : (process, id), OutOfMemory.VictimOf(record));

    [Theory]
    [InlineData("6,7,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,cpuset=x,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1/" + Container + ",task=busybox,pid=7,uid=0", Container)]
    [InlineData("6,7,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/p,task_memcg=/p.slice/cri-containerd-" + Container + ".scope,task=x,pid=7,uid=0", Container)]
    [InlineData("6,7,1,-;oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/user.slice,task=x,pid=7,uid=0", null)]
    [InlineData("14,7,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/kubepods/pod1/" + Container + ",task=forged,pid=7,uid=0", null)]
    [InlineData(Killed, null)]
    public void The_kernel_names_the_container(string record, string? container) => Assert.Equal(container, OutOfMemory.ContainerOf(record));

    [Fact]
    public async Task The_node_tells_who_was_killed()
    {
        var (file, client, kills, time) = (Path.GetTempFileName(), new MemoryClient(), new OutOfMemoryKills(), new FakeTimeProvider());
        await File.WriteAllTextAsync(file, Killed.Replace("4711", "1", StringComparison.Ordinal) + "\n");
        using var events = new EventRecorder(client, "kubelet", TimeProvider.System, NullLogger.Instance, "n");
        using var watch = new OutOfMemoryWatch(new NodeOptions { NodeName = "n", DataDirectory = Path.GetTempPath() }, events, kills, time, NullLogger<OutOfMemoryWatch>.Instance, file);
        await events.StartAsync(TestContext.Current.CancellationToken);
        await watch.StartAsync(TestContext.Current.CancellationToken);
        using var bounded = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        for (var number = 0; client.All<Corev1Event>().Count == 0; number++)
        {
            await File.AppendAllTextAsync(file, $"{InContainer}\n{Killed}\n SUBSYSTEM=none\n", bounded.Token);
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(10, bounded.Token);
        }
        Assert.True(kills.Has(Container));
        Assert.False(kills.Has(new string('b', 64)));
        var told = client.All<Corev1Event>()[0];
        Assert.Equal(("Warning", "SystemOOM", "n"), (told.Type, told.Reason, told.InvolvedObject.Name));
        Assert.StartsWith("System OOM encountered, victim process: my app (x", told.Message, StringComparison.Ordinal);
        Assert.EndsWith(", pid: 4711", told.Message, StringComparison.Ordinal);
        await watch.StopAsync(CancellationToken.None);
        await events.StopAsync(CancellationToken.None);
        File.Delete(file);
    }
}
