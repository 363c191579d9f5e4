using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Simulation.Tests.Agreement;

namespace Flotilla.Bench;

/// <summary>A Swarm service of many replicas on simulated nodes, made and removed through the Docker API.</summary>
/// <param name="residentBytes">Of the server.</param>
internal sealed class SwarmBench(DockerApi docker, ApiClient api, Func<long> residentBytes)
{
    public const string NodePrefix = "bench-";

    /// <summary>The node that the measured engine is.</summary>
    public const string NodeName = NodePrefix + "0";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Each answer counts all tasks: who asks too often measures that.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>From the service's creation until <c>docker service ls</c> shows all its replicas running, and from its removal until the last task is gone.</summary>
    public async IAsyncEnumerable<Figure> RunAsync(int replicas)
    {
        await docker.OkAsync(HttpMethod.Post, "/swarm/init", new JsonObject { ["ListenAddr"] = "0.0.0.0:2377" });
        var spent = new Spending();
        var watch = Stopwatch.StartNew();
        await docker.OkAsync(HttpMethod.Post, "/services/create", Spec(replicas));
        await UntilAsync(async () => (long)(await docker.ListAsync("/services?status=true"))[0]!["ServiceStatus"]!["RunningTasks"]! == replicas);
        var name = string.Create(CultureInfo.InvariantCulture, $"Swarm service of {replicas:N0} replicas, created to {replicas}/{replicas}");
        yield return spent.On(new Figure(name, watch.Elapsed.TotalSeconds, "s"), replicas);
        yield return new Figure("Resident memory of the server then", residentBytes() / 1e6, "MB");
        spent = new Spending();
        watch.Restart();
        await docker.OkAsync(HttpMethod.Delete, "/services/big");
        await UntilAsync(async () => JsonNode.Parse(await api.ReadAsync("/api/v1/namespaces/default/pods?limit=1"))!["items"]!.AsArray().Count == 0);
        yield return spent.On(new Figure("The same, removed to the last pod gone", watch.Elapsed.TotalSeconds, "s"), replicas);
    }

    private static JsonObject Spec(int replicas) => new()
    {
        ["Name"] = "big",
        ["Mode"] = new JsonObject { ["Replicated"] = new JsonObject { ["Replicas"] = replicas } },
        ["TaskTemplate"] = new JsonObject
        {
            ["ContainerSpec"] = new JsonObject { ["Image"] = "pause" },
            ["Resources"] = new JsonObject { ["Reservations"] = new JsonObject { ["NanoCPUs"] = 10_000_000, ["MemoryBytes"] = 10 << 20 } },
        },
    };

    private static async Task UntilAsync(Func<Task<bool>> isDone)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await isDone())
        {
            await Task.Delay(Pause, limit.Token);
        }
    }
}
