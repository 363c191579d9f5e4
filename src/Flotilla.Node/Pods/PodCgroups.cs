using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>
/// The cgroup of each pod, below a tree by quality of service: <c>/kubepods/burstable/pod{uid}</c>. The runtime puts
/// the containers' cgroups into it. Works on the unified hierarchy and on the older one of one tree per controller.
/// </summary>
internal sealed class PodCgroups(string root, string mountPoint = PodCgroups.MountPoint)
{
    private const string MountPoint = "/sys/fs/cgroup";
    private const long PeriodMicroseconds = 100_000;
    private static readonly string[] Controllers = ["cpu", "memory", "pids"];
    private readonly bool unified = File.Exists(Path.Combine(mountPoint, "cgroup.controllers"));

    /// <summary>The cgroup above those of all pods.</summary>
    public string Root => root;

    private string[] Hierarchies => unified ? [""] : Controllers;

    /// <summary>The cgroup parent as the runtime wants it, absolute within a hierarchy.</summary>
    public string PathOf(V1Pod pod) => QualityOfService.Of(pod) switch
    {
        QualityOfService.Guaranteed => $"{root}/pod{pod.Metadata.Uid}",
        QualityOfService.Burstable => $"{root}/burstable/pod{pod.Metadata.Uid}",
        _ => $"{root}/besteffort/pod{pod.Metadata.Uid}",
    };

    public void Create(V1Pod pod)
    {
        var path = PathOf(pod);
        var limits = PodLimits.Of(pod);
        foreach (var controller in Hierarchies)
        {
            if (!unified && !Directory.Exists(Path.Combine(mountPoint, controller)))
            {
                continue;
            }
            var directory = DirectoryOf(controller, path);
            Directory.CreateDirectory(directory);
            if (unified)
            {
                Delegate(path);
            }
            Apply(directory, controller, limits);
        }
    }

    /// <summary>The cgroups above the pods': all of them together, and the classes below the guaranteed one.</summary>
    /// <param name="burstableCores">What the burstable pods ask for together.</param>
    public void CreateTree(decimal cores, long memoryBytes, decimal burstableCores)
    {
        Share(root, new PodLimits(PodLimits.Shares(cores), null, memoryBytes));
        Share(root + "/burstable", new PodLimits(PodLimits.Shares(burstableCores), null, null));
        Share(root + "/besteffort", new PodLimits(PodLimits.Shares(0), null, null));
    }

    private void Share(string path, PodLimits limits)
    {
        foreach (var controller in Hierarchies.Where(controller => unified || Directory.Exists(Path.Combine(mountPoint, controller))))
        {
            var directory = DirectoryOf(controller, path);
            Directory.CreateDirectory(directory);
            if (unified)
            {
                Delegate(path);
            }
            Apply(directory, controller, limits);
        }
    }

    /// <summary>Takes the limits off for as long as those of the containers change; <see cref="Create"/> sets them again.</summary>
    public void Widen(V1Pod pod)
    {
        foreach (var controller in Hierarchies.Where(controller => Directory.Exists(DirectoryOf(controller, PathOf(pod)))))
        {
            Apply(DirectoryOf(controller, PathOf(pod)), controller, PodLimits.Of(pod) with { CpuQuotaMicroseconds = null, MemoryBytes = null });
        }
    }

    public void Remove(string podUid)
    {
        foreach (var directory in AllDirectories().Where(path => Path.GetFileName(path) == "pod" + podUid))
        {
            RemoveTree(directory);
        }
    }

    /// <summary>The memory limit in force for the pod, in bytes; null when its cgroup or limit does not exist.</summary>
    public long? MemoryLimitBytes(V1Pod pod)
    {
        var file = Path.Combine(DirectoryOf(unified ? "" : "memory", PathOf(pod)), unified ? "memory.max" : "memory.limit_in_bytes");
        try
        {
            return long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Removes the whole tree with everything in it that no process lives in.</summary>
    public void RemoveAll()
    {
        foreach (var tree in Trees())
        {
            RemoveTree(tree);
        }
    }

    private void Apply(string directory, string controller, PodLimits limits)
    {
        if (unified)
        {
            Write(directory, "cpu.weight", Weight(limits.CpuShares));
            Write(directory, "cpu.max", $"{(limits.CpuQuotaMicroseconds is { } quota ? quota.ToString(CultureInfo.InvariantCulture) : "max")} {PeriodMicroseconds}");
            Write(directory, "memory.max", limits.MemoryBytes is { } bytes ? Text(bytes) : "max");
        }
        else if (controller == "cpu")
        {
            Write(directory, "cpu.shares", Text(limits.CpuShares));
            Write(directory, "cpu.cfs_quota_us", Text(limits.CpuQuotaMicroseconds ?? -1));
        }
        else if (controller == "memory")
        {
            Write(directory, "memory.limit_in_bytes", Text(limits.MemoryBytes ?? -1));
        }
    }

    // Controllers work in a cgroup of the unified hierarchy only when every ancestor passes them on.
    private void Delegate(string path)
    {
        var directory = mountPoint;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var controller in Controllers)
            {
                // One by one: the kernel takes all of a write or nothing.
                Write(directory, "cgroup.subtree_control", "+" + controller);
            }
            directory = Path.Combine(directory, part);
        }
    }

    // The kernel's mapping of shares [2, 262144] to weights [1, 10000].
    private static string Weight(long shares) => Text(1 + ((shares - 2) * 9999 / 262142));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    // A limit that cannot be set (a controller missing in this kernel or container) does not keep a pod from running.
    private static void Write(string directory, string file, string value)
    {
        try
        {
            File.WriteAllText(Path.Combine(directory, file), value);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            System.Diagnostics.Debug.WriteLine(failure.Message);
        }
    }

    private string DirectoryOf(string controller, string path) => Path.Combine(mountPoint, controller, path.TrimStart('/'));

    private IEnumerable<string> Trees() =>
        (unified ? [mountPoint] : Directory.EnumerateDirectories(mountPoint))
            .Select(hierarchy => Path.Combine(hierarchy, root.TrimStart('/')))
            .Where(Directory.Exists);

    private IEnumerable<string> AllDirectories() =>
        Trees().SelectMany(tree => Directory.EnumerateDirectories(tree, "pod*")
            .Concat(new[] { "burstable", "besteffort" }
                .Select(level => Path.Combine(tree, level))
                .Where(Directory.Exists)
                .SelectMany(level => Directory.EnumerateDirectories(level, "pod*"))));

    // rmdir only: the control files go with their directory, and a cgroup in use stays.
    private static void RemoveTree(string directory)
    {
        try
        {
            foreach (var child in Directory.EnumerateDirectories(directory))
            {
                RemoveTree(child);
            }
            Linux.Native.RemoveDirectory(directory);
        }
        catch (IOException failure)
        {
            System.Diagnostics.Debug.WriteLine(failure.Message);
        }
    }
}
