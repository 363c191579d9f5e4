using System.CommandLine;
using System.Diagnostics;
using Flotilla.Bench.Ingress;

namespace Flotilla.Bench.Services;

/// <summary>
/// What a service costs its clients: a pod asks another one, in turn by its own address and by that of a service among many,
/// with a new connection for every request and with connections that are kept. Needs root, nginx and wrk.
/// </summary>
internal static class ServicesCommand
{
    private static readonly TimeSpan Beginning = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often each is measured", DefaultValueFactory = _ => 7 };
        var seconds = new Option<int>("--seconds") { Description = "How long each time", DefaultValueFactory = _ => 4 };
        var connections = new Option<int>("--connections") { Description = "Open at the same time", DefaultValueFactory = _ => 16 };
        var count = new Option<int>("--count") { Description = "Services there are", DefaultValueFactory = _ => 1000 };
        var command = new Command("services", "Measures connections through services beside direct ones (needs root, nginx and wrk)") { rounds, seconds, connections, count };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(connections), parsed.GetValue(count), cancellationToken));
        return command;
    }

    private static async Task RunAsync(int rounds, int seconds, int connections, int count, CancellationToken cancellationToken)
    {
        await using var pods = new TwoPods();
        await pods.StartAsync(count, cancellationToken);
        var directory = Directory.CreateTempSubdirectory("flotilla-bench-");
        var file = Path.Combine(directory.FullName, "nginx.conf");
        await File.WriteAllTextAsync(file, NginxConfiguration.Backend($"{TwoPods.Pod}:{TwoPods.PodPort}", $"{TwoPods.Pod}:{TwoPods.ServicePort}"), cancellationToken);
        using var server = Process.Start("ip", ["netns", "exec", pods.Answering, "nginx", "-p", directory.FullName, "-c", file, "-e", "stderr"]);
        try
        {
            await Task.Delay(Beginning, cancellationToken);
            Console.WriteLine("| Median of rounds | Direct /s | Service /s | Of direct | p99 direct | p99 service |\n|---|---|---|---|---|---|");
            foreach (var (name, headers) in ((string, string[])[])[("a connection a request", ["Connection: close"]), ("connections kept", [])])
            {
                await PrintAsync(name, rounds, address => Wrk.RunAsync(["ip", "netns", "exec", pods.Asking], new Uri($"http://{address}/"), connections, seconds, headers, cancellationToken));
            }
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync(CancellationToken.None);
            directory.Delete(recursive: true);
        }
    }

    private static async Task PrintAsync(string name, int rounds, Func<string, Task<(double Count, double PerSecond, double P99Milliseconds)>> measure)
    {
        List<(double PerSecond, double P99)> direct = [], service = [];
        List<double> shares = [];
        for (var round = 0; round < rounds; round++)
        {
            var first = await measure($"{TwoPods.Pod}:{TwoPods.PodPort}");
            var second = await measure($"{TwoPods.Service}:80");
            direct.Add((first.PerSecond, first.P99Milliseconds));
            service.Add((second.PerSecond, second.P99Milliseconds));
            shares.Add(second.PerSecond / first.PerSecond);
        }

        Console.WriteLine(FormattableString.Invariant(
            $"| {name} | {Median(direct.Select(one => one.PerSecond)):N0} | {Median(service.Select(one => one.PerSecond)):N0} | {Median(shares):P1} | {Median(direct.Select(one => one.P99)):0.0} ms | {Median(service.Select(one => one.P99)):0.0} ms |"));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
