using System.Text;

namespace Flotilla.Bench;

/// <summary>Rates of the API itself: ConfigMaps of 0.7 KB.</summary>
internal sealed class ObjectBench(ApiClient api, string ns, int count)
{
    private const int Writers = 32;
    private const int Listers = 4;
    private const int Lists = 60;
    private const int Watchers = 200;
    private const int WatchedChanges = 500;
    private readonly string path = $"/api/v1/namespaces/{ns}/configmaps";

    public async IAsyncEnumerable<Figure> RunAsync()
    {
        var bodies = Enumerable.Range(0, count).Select(Body).ToArray();
        var paths = Enumerable.Range(0, count).Select(i => $"{path}/{Name(i)}").ToArray();
        var patch = """{"data":{"changed":"yes"}}"""u8.ToArray();

        yield return new("Create ConfigMaps, 32 clients", await Clients.RateAsync(Writers, count, i => api.PostAsync(path, bodies[i])), "/s");
        yield return new("Get, 32 clients", await Clients.RateAsync(Writers, count, i => api.GetAsync(paths[i])), "/s");
        yield return new("Merge patch, 32 clients", await Clients.RateAsync(Writers, count, i => api.PatchAsync(paths[i], patch)), "/s");
        yield return new($"List {count} objects, 4 clients", await Clients.RateAsync(Listers, Lists, _ => api.GetAsync(path)), "lists/s");
        yield return new("Watch fan-out to 200 watchers", await FanOutAsync(paths[0]), "events/s");
        yield return new("Delete, 32 clients", await Clients.RateAsync(Writers, count, i => api.DeleteAsync(paths[i])), "/s");
    }

    private static string Name(int i) => $"bench-{i:D6}";

    private static byte[] Body(int i) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{Name(i)}}}","labels":{"bench":"yes"}},"data":{"text":"{{{new string('x', 600)}}}"}}""");

    /// <summary>Every watcher sees every change; the time ends when the last one has seen the last.</summary>
    private async Task<double> FanOutAsync(string victim)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var start = System.Text.Json.Nodes.JsonNode.Parse(await api.ReadAsync($"{path}?limit=1"))!;
        var version = (string)start["metadata"]!["resourceVersion"]!;
        var streams = await Task.WhenAll(Enumerable.Range(0, Watchers)
            .Select(_ => api.WatchAsync($"{path}?watch=1&resourceVersion={version}&fieldSelector=metadata.name%3D{Name(0)}", stop.Token)));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var counting = Task.WhenAll(streams.Select(stream => Task.Run(() => CountAsync(stream, WatchedChanges, stop.Token), stop.Token)));
        await Clients.RateAsync(4, WatchedChanges, i =>
            api.PatchAsync(victim, Encoding.UTF8.GetBytes($$$"""{"data":{"change":"{{{i}}}"}}""")));
        await counting;
        var rate = (double)Watchers * WatchedChanges / watch.Elapsed.TotalSeconds;
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }

        return rate;
    }

    private static async Task CountAsync(Stream stream, int lines, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (lines > 0)
        {
            var read = await stream.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException($"A watch ended {lines} events early.");
            }

            lines -= buffer.AsSpan(0, read).Count((byte)'\n');
        }
    }
}
