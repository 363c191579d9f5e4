namespace Flotilla.Node.Cpus;

/// <summary>
/// Chooses processors that lie close together: whole sockets, whole NUMA nodes, then whole cores, then single threads, each from where
/// least is left, so that large pieces stay free for others. Pure.
/// </summary>
internal static class CpuPacking
{
    /// <returns>null: there are not so many.</returns>
    public static IReadOnlyList<int>? Take(CpuTopology topology, IReadOnlySet<int> available, int count)
    {
        var free = topology.Cpus.Where(cpu => available.Contains(cpu.Number)).ToList();
        if (free.Count < count)
        {
            return null;
        }

        var taken = new List<int>();
        TakeWhole(topology, free, taken, count, cpu => cpu.Socket);
        TakeWhole(topology, free, taken, count, cpu => cpu.Node);
        TakeWhole(topology, free, taken, count, cpu => cpu.Core);
        var (perSocket, perCore) = (Counts(free, cpu => cpu.Socket), Counts(free, cpu => cpu.Core));
        var sockets = topology.Cpus.Where(cpu => taken.Contains(cpu.Number)).Select(cpu => cpu.Socket).ToHashSet();
        taken.AddRange(free
            .OrderByDescending(cpu => sockets.Contains(cpu.Socket)).ThenBy(cpu => perSocket[cpu.Socket]).ThenBy(cpu => cpu.Socket)
            .ThenBy(cpu => perCore[cpu.Core]).ThenBy(cpu => cpu.Core).ThenBy(cpu => cpu.Number)
            .Take(count - taken.Count).Select(cpu => cpu.Number));
        return [.. taken.Order()];
    }

    private static void TakeWhole(CpuTopology topology, List<Cpu> free, List<int> taken, int count, Func<Cpu, int> part)
    {
        var sizes = Counts(topology.Cpus, part);
        var perSocket = Counts(free, cpu => cpu.Socket);
        var whole = free.GroupBy(part).Where(group => group.Count() == sizes[group.Key]).OrderBy(group => perSocket[group.First().Socket]).ThenBy(group => group.Key).ToList();
        foreach (var group in whole.Where(group => group.Count() <= count - taken.Count))
        {
            if (group.Count() <= count - taken.Count)
            {
                taken.AddRange(group.Select(cpu => cpu.Number));
                free.RemoveAll(cpu => part(cpu) == group.Key);
            }
        }
    }

    private static Dictionary<int, int> Counts(IEnumerable<Cpu> cpus, Func<Cpu, int> part) => cpus.GroupBy(part).ToDictionary(group => group.Key, group => group.Count());
}
