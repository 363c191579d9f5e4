using System.Diagnostics;
using System.Globalization;
using Flotilla.Network.Services;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Ten thousand services in the kernel, and one that changes. Needs root.</summary>
public sealed class ScaleTests(Machine machine) : IClassFixture<Machine>
{
    private const int Services = 10_000;
    private const int Changes = 10;
    private static readonly TimeSpan Allowed = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task One_change_among_ten_thousand_services_costs_less_than_50_ms_of_processor()
    {
        var table = new NftTable(BaseTable.Name(Machine.Options, Family.V4), BaseTable.Script(Machine.Options, Machine.Options.Primary, seesBridgedPackets: true), Names.Refuse, machine.Node.Commands, NullLogger.Instance);
        for (var i = 0; i < Services; i++)
        {
            table.Rules.Set(Name(i), null, Compile(i, 0));
        }

        var first = Stopwatch.StartNew();
        await table.ApplyAsync(default);
        first.Stop();
        table.Rules.Set(Name(0), null, Compile(0, 1));
        await table.ApplyAsync(default);

        var (ours, childrens) = (Environment.CpuUsage.TotalTime, await ChildrenAsync());
        for (var i = 1; i <= Changes; i++)
        {
            table.Rules.Set(Name(i), null, Compile(i, 1));
            await table.ApplyAsync(default);
        }

        var cost = (Environment.CpuUsage.TotalTime - ours + await ChildrenAsync() - childrens) / Changes;
        Console.WriteLine($"{Services} services: all written in {first.ElapsedMilliseconds} ms, one change costs {cost.TotalMilliseconds:F1} ms of processor time");
        Assert.True(cost < Allowed, $"one change costs {cost.TotalMilliseconds} ms");
        Assert.Equal(1, table.FullWrites);
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"svc-{i}");

    private static RuleSet? Compile(int i, int generation) => new ServiceCompiler(Machine.Options.Primary, Machine.Options.ClusterDnsAddress).For(
        Given.Service(Name(i), string.Create(CultureInfo.InvariantCulture, $"10.97.{i / 250}.{(i % 250) + 1}")),
        [
            Given.Slice(
                Name(i), 8080,
                string.Create(CultureInfo.InvariantCulture, $"10.244.{i / 250}.{(i % 250) + 1}"),
                string.Create(CultureInfo.InvariantCulture, $"10.{245 + generation}.{i / 250}.{(i % 250) + 1}")),
        ],
        new NodePlace(Given.Node));

    /// <summary>Processor time of commands that have ended: fields 16 and 17 of this process's entry.</summary>
    private static async Task<TimeSpan> ChildrenAsync()
    {
        var text = await File.ReadAllTextAsync("/proc/self/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / 100.0);
    }
}
