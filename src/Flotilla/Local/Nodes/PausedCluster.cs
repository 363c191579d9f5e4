using Flotilla.Composition;

namespace Flotilla.Local.Nodes;

/// <summary>
/// Everything of a cluster on this machine holds still and keeps its memory: servers, their etcd and agents by signal, containers by the
/// freezer of their cgroups. A marker tells, so that other commands thaw it first.
/// </summary>
internal sealed class PausedCluster(ClusterSettings cluster)
{
    private const string CgroupMount = "/sys/fs/cgroup";

    private string Marker => Path.Combine(cluster.RunDirectory, "paused");

    private IEnumerable<ClusterSettings> Parts => new LocalNodes(cluster).All.Append(cluster);

    public bool IsPaused => File.Exists(Marker);

    /// <exception cref="UserError">It does not run.</exception>
    public void Pause()
    {
        if (new ServerProcess(cluster).Find() is null)
        {
            throw new UserError($"There is nothing to pause: the cluster in {cluster.DataDirectory} does not run.");
        }

        File.WriteAllText(Marker, "");
        foreach (var part in Parts)
        {
            // First who would notice that containers stand still.
            Each(part, Signals.Stop);
            Freeze(part, true);
        }

        // Last, for what servers still write.
        EachStore(Signals.Stop);
    }

    /// <summary>False: it was not paused.</summary>
    public bool Resume()
    {
        if (!IsPaused)
        {
            return false;
        }

        EachStore(Signals.Continue);
        foreach (var part in Parts)
        {
            Freeze(part, false);
            Each(part, Signals.Continue);
        }

        File.Delete(Marker);
        return true;
    }

    private static void Each(ClusterSettings part, Action<int> signal)
    {
        if (new ServerProcess(part).Find() is { } process)
        {
            signal(process);
        }
    }

    private void EachStore(Action<int> signal)
    {
        foreach (var process in Parts.Select(ManagedEtcd.FindProcess).OfType<int>())
        {
            signal(process);
        }
    }

    private static void Freeze(ClusterSettings part, bool frozen)
    {
        var unified = Path.Combine(CgroupMount, part.CgroupRoot.TrimStart('/'), "cgroup.freeze");
        var older = Path.Combine(CgroupMount, "freezer", part.CgroupRoot.TrimStart('/'), "freezer.state");
        if (File.Exists(unified))
        {
            File.WriteAllText(unified, frozen ? "1" : "0");
        }
        else if (File.Exists(older))
        {
            File.WriteAllText(older, frozen ? "FROZEN" : "THAWED");
        }
    }
}
