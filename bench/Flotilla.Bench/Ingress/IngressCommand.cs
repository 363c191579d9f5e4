using System.CommandLine;

namespace Flotilla.Bench.Ingress;

/// <summary>
/// The ingress beside bare YARP and nginx with one worker, all in front of the same backend, asked by wrk in turn: a busy
/// machine disturbs them alike. Processor time counts more than requests a second.
/// </summary>
internal static class IngressCommand
{
    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often each is measured", DefaultValueFactory = _ => 5 };
        var seconds = new Option<int>("--seconds") { Description = "How long each time", DefaultValueFactory = _ => 5 };
        var connections = new Option<int>("--connections") { Description = "Open at the same time", DefaultValueFactory = _ => 64 };
        var command = new Command("ingress", "Measures the ingress beside bare YARP and nginx (needs nginx and wrk)") { rounds, seconds, connections };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(connections), cancellationToken));
        return command;
    }

    private static async Task RunAsync(int rounds, int seconds, int connections, CancellationToken cancellationToken)
    {
        using var backend = ProxyProcess.Nginx("backend", NginxConfiguration.Backend);
        await backend.WaitAsync(cancellationToken);
        ProxyProcess[] proxies =
        [
            ProxyProcess.Self("ingress", ServeIngressCommand.Flotilla, backend.Port),
            ProxyProcess.Self("bare YARP", ServeIngressCommand.Yarp, backend.Port),
            ProxyProcess.Nginx("nginx, 1 worker", port => NginxConfiguration.Proxy(port, backend.Port)),
        ];
        try
        {
            foreach (var proxy in proxies)
            {
                await proxy.WaitAsync(cancellationToken);
                await Wrk.RunAsync(proxy.Port, connections, seconds, cancellationToken);
            }

            var results = proxies.ToDictionary(proxy => proxy, _ => new List<Measurement>());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var proxy in proxies)
                {
                    var before = proxy.ProcessorTime;
                    var (count, perSecond, p99) = await Wrk.RunAsync(proxy.Port, connections, seconds, cancellationToken);
                    results[proxy].Add(new Measurement(perSecond, (proxy.ProcessorTime - before).TotalMicroseconds / count, p99));
                }
            }

            Print(results);
        }
        finally
        {
            foreach (var proxy in proxies)
            {
                proxy.Dispose();
            }
        }
    }

    private static void Print(Dictionary<ProxyProcess, List<Measurement>> results)
    {
        Console.WriteLine("| Median of rounds | Requests /s | CPU a request | p99 | Resident |\n|---|---|---|---|---|");
        foreach (var (proxy, rounds) in results)
        {
            Console.WriteLine(FormattableString.Invariant(
                $"| {proxy.Name} | {Median(rounds, one => one.PerSecond):N0} | {Median(rounds, one => one.ProcessorMicroseconds):0.0} µs | {Median(rounds, one => one.P99Milliseconds):0.0} ms | {proxy.ResidentBytes / 1e6:0} MB |"));
        }
    }

    private static double Median(IEnumerable<Measurement> rounds, Func<Measurement, double> value)
    {
        var sorted = rounds.Select(value).Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private sealed record Measurement(double PerSecond, double ProcessorMicroseconds, double P99Milliseconds);
}
