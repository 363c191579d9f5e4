using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Bench;

/// <summary>Creates pods with several clients and counts, on a watch, how fast they are bound.</summary>
internal sealed class ScheduleBench(ApiClient api, string ns, int clients)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private readonly string pods = $"/api/v1/namespaces/{ns}/pods";

    public async Task<Figure> RunAsync(ScheduleWorkload workload, int measured)
    {
        await BindAsync(workload, "before", workload.Before, false);
        var spent = new Spending();
        var rate = await BindAsync(workload, "pod", measured, true);
        var name = string.Create(CultureInfo.InvariantCulture, $"{workload.Name}: {workload.Nodes:N0} nodes, {workload.Before:N0} pods there, {measured:N0} pods by {clients} clients");
        return spent.On(new Figure(name, rate, workload.Floor > 0 ? $"pods/s (upstream's floor: {workload.Floor})" : "pods/s"), measured);
    }

    /// <summary>From the Deployment's creation until all its pods run, and from its deletion until all are gone.</summary>
    public async IAsyncEnumerable<Figure> DeployAsync(int replicas)
    {
        var deployments = $"/apis/apps/v1/namespaces/{ns}/deployments";
        var spent = new Spending();
        var watch = Stopwatch.StartNew();
        await api.PostAsync(deployments, Encoding.UTF8.GetBytes($$$$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"big"},"spec":{"replicas":{{{{{replicas}}}}},
            "strategy":{"type":"Recreate"},"selector":{"matchLabels":{"app":"big"}},"template":{"metadata":{"labels":{"app":"big"}},
            "spec":{"containers":[{"name":"pause","image":"pause","resources":{"requests":{"cpu":"10m","memory":"10Mi"}}}]}}}}
            """));
        await UntilAsync(deployments + "/big", body => (int?)JsonNode.Parse(body)!["status"]?["readyReplicas"] == replicas);
        var name = string.Create(CultureInfo.InvariantCulture, $"Deployment of {replicas:N0} replicas, created to all ready");
        yield return spent.On(new Figure(name, watch.Elapsed.TotalSeconds, "s"), replicas);
        spent = new Spending();
        watch.Restart();
        await api.DeleteAsync(deployments + "/big");
        await UntilAsync(pods + "?limit=1", body => JsonNode.Parse(body)!["items"]!.AsArray().Count == 0);
        yield return spent.On(new Figure("The same, deleted to the last pod gone", watch.Elapsed.TotalSeconds, "s"), replicas);
    }

    private async Task<double> BindAsync(ScheduleWorkload workload, string name, int count, bool measured)
    {
        if (count == 0)
        {
            return 0;
        }

        using var limit = new CancellationTokenSource(Limit);
        await using var stream = await api.WatchAsync(pods + "?watch=1&fieldSelector=spec.nodeName!%3D", limit.Token);
        var seen = await PresentAsync();
        var bodies = Enumerable.Range(0, count).Select(i => Encoding.UTF8.GetBytes(workload.Pod(name, i, measured))).ToArray();
        var watch = Stopwatch.StartNew();
        var counting = CountAsync(stream, seen + count, limit.Token);
        await Clients.RateAsync(clients, count, i => api.PostAsync(pods, bodies[i]));
        await counting;
        return count / watch.Elapsed.TotalSeconds;
    }

    // The watch begins with those that are bound already.
    private async Task<int> PresentAsync() =>
        JsonNode.Parse(await api.ReadAsync(pods + "?fieldSelector=spec.nodeName!%3D"))!["items"]!.AsArray().Count;

    private static async Task CountAsync(Stream stream, int wanted, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        var found = 0;
        var kept = 0;
        while (found < wanted)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(kept), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException("The watch of pods ended too early.");
            }

            // What was counted is cut off; the rest may hold the beginning of the next.
            var text = buffer.AsSpan(0, kept + read);
            for (int at; (at = text.IndexOf(Added)) >= 0;)
            {
                found++;
                text = text[(at + Added.Length)..];
            }

            kept = Math.Min(text.Length, Added.Length - 1);
            text[^kept..].CopyTo(buffer);
        }
    }

    private static ReadOnlySpan<byte> Added => "{\"type\":\"ADDED\""u8;

    private async Task UntilAsync(string path, Func<byte[], bool> isDone)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!isDone(await api.ReadAsync(path)))
        {
            await Task.Delay(200, limit.Token);
        }
    }
}
