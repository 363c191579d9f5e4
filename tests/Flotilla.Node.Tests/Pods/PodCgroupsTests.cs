using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

/// <summary>What is written where, in a directory that stands for the kernel's.</summary>
public sealed class PodCgroupsTests : IDisposable
{
    private readonly string mount = Directory.CreateTempSubdirectory("fltcg").FullName;

    public void Dispose() => Directory.Delete(mount, recursive: true);

    [Fact]
    public void The_unified_hierarchy_gets_weights_and_maxima_and_passes_controllers_on()
    {
        File.WriteAllText(Path.Combine(mount, "cgroup.controllers"), "cpu memory pids");
        var cgroups = new PodCgroups("/kubepods", mount);
        var pod = Pod(("cpu", "500m"), ("memory", "64Mi"));

        cgroups.Create(pod);

        const string path = "kubepods/podu1";
        Assert.Equal("/" + path, cgroups.PathOf(pod));
        Assert.Equal("20", Read(path, "cpu.weight"));
        Assert.Equal("50000 100000", Read(path, "cpu.max"));
        Assert.Equal("67108864", Read(path, "memory.max"));
        Assert.Equal(64 << 20, cgroups.MemoryLimitBytes(pod));
        // Of the three writes the last one stays in a plain file.
        Assert.Equal("+pids", Read("", "cgroup.subtree_control"));
        Assert.Equal("+pids", Read("kubepods", "cgroup.subtree_control"));
        Assert.False(File.Exists(Path.Combine(mount, path, "cgroup.subtree_control")));
    }

    [Fact]
    public void No_limit_is_max_in_the_unified_hierarchy()
    {
        File.WriteAllText(Path.Combine(mount, "cgroup.controllers"), "cpu memory pids");
        var cgroups = new PodCgroups("/kubepods", mount);
        cgroups.Create(Pod());
        const string path = "kubepods/besteffort/podu1";
        Assert.Equal(("1", "max 100000", "max"), (Read(path, "cpu.weight"), Read(path, "cpu.max"), Read(path, "memory.max")));
        Assert.Null(cgroups.MemoryLimitBytes(Pod()));
    }

    [Fact]
    public void Separate_hierarchies_get_shares_and_quotas()
    {
        foreach (var controller in new[] { "cpu", "memory" })
        {
            Directory.CreateDirectory(Path.Combine(mount, controller));
        }
        var cgroups = new PodCgroups("/kubepods", mount);
        cgroups.Create(Pod(("cpu", "2"), ("memory", "1Gi")));
        Assert.Equal(("2048", "200000"), (Read("cpu/kubepods/podu1", "cpu.shares"), Read("cpu/kubepods/podu1", "cpu.cfs_quota_us")));
        Assert.Equal("1073741824", Read("memory/kubepods/podu1", "memory.limit_in_bytes"));
        Assert.False(Directory.Exists(Path.Combine(mount, "pids")));
    }

    private string Read(string path, string file) => File.ReadAllText(Path.Combine(mount, path, file));

    private static V1Pod Pod(params (string Name, string Amount)[] limits)
    {
        var amounts = limits.ToDictionary(limit => limit.Name, limit => new ResourceQuantity(limit.Amount));
        return new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "p", Uid = "u1" },
            Spec = new V1PodSpec
            {
                Containers = [new V1Container { Name = "c", Resources = limits.Length == 0 ? null : new V1ResourceRequirements { Limits = amounts, Requests = amounts } }],
            },
        };
    }
}
