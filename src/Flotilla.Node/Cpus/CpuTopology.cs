using System.Globalization;
using Flotilla.Node.Placement;

namespace Flotilla.Node.Cpus;

/// <summary>One logical processor: its physical core, socket and NUMA node, numbered over the whole machine.</summary>
internal readonly record struct Cpu(int Number, int Core, int Socket, int Node = 0);

/// <summary>How the processors of a machine are arranged.</summary>
internal sealed record CpuTopology(IReadOnlyList<Cpu> Cpus)
{
    public int CountOn(NumaMask nodes) => Cpus.Count(cpu => nodes.Contains(cpu.Node));

    /// <param name="root">The kernel's description, <c>/sys/devices/system/cpu</c>. What it does not tell counts as a core of its own.</param>
    public static CpuTopology Read(NumaNodes nodes, string root = "/sys/devices/system/cpu")
    {
        var online = CpuSet.Parse(File.ReadAllText(Path.Combine(root, "online")).Trim());
        var cores = new Dictionary<(int Socket, int Core), int>();
        return new CpuTopology([.. online.Select(number =>
        {
            var socket = Number(Path.Combine(root, $"cpu{number}", "topology", "physical_package_id")) ?? 0;
            var core = (socket, Number(Path.Combine(root, $"cpu{number}", "topology", "core_id")) ?? -1 - number);
            cores.TryAdd(core, cores.Count);
            return new Cpu(number, cores[core], Math.Max(socket, 0), nodes.All.FirstOrDefault(node => node.Cpus.Contains(number))?.Number ?? nodes.All[0].Number);
        })]);
    }

    private static int? Number(string file) =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
