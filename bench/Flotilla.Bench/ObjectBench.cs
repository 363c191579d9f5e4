using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace Flotilla.Bench;

/// <summary>Rates of the API itself: ConfigMaps of 0.78 KB.</summary>
internal sealed class ObjectBench(ApiClient api, string ns, int count)
{
    /// <summary>An object as it comes back, and how many of them a full list holds.</summary>
    public const int ObjectBytes = 1150;
    public const int CeilingObjects = 5000;

    private const int Writers = 32;
    private const int Listers = 4;
    private const int Lists = 60;
    private const int SelectedLists = 600;
    private const int Watchers = 200;
    private const int WatchedChanges = 500;
    private const int Slices = 10;
    private readonly string path = $"/api/v1/namespaces/{ns}/configmaps";

    public async IAsyncEnumerable<Figure> RunAsync()
    {
        var bodies = Enumerable.Range(0, count).Select(Body).ToArray();
        var paths = Paths;
        var patch = """{"data":{"changed":"yes"}}"""u8.ToArray();

        yield return await Clients.MeasureAsync("Create ConfigMaps, 32 clients", "/s", Writers, count, i => api.PostAsync(path, bodies[i]));
        await foreach (var figure in ReadAsync())
        {
            yield return figure;
        }

        yield return await Clients.MeasureAsync("Merge patch, 32 clients", "/s", Writers, count, i => api.PatchAsync(paths[i], patch));
        yield return await Clients.MeasureAsync($"List {count / Slices} of {count} objects by label, 4 clients", "lists/s", Listers, SelectedLists, i => api.GetAsync($"{path}?labelSelector=slice%3Ds{i % Slices}"));
        var before = Clients.ServerTime?.Invoke();
        var (rate, latencies) = await FanOutAsync(paths[0]);
        yield return new("Watch fan-out to 200 watchers", rate, "events/s") { ServerMicroseconds = (Clients.ServerTime?.Invoke() - before)?.TotalMicroseconds / (Watchers * WatchedChanges * 1.1) };
        yield return new("Watch latency, p50", latencies[latencies.Length / 2], "ms");
        yield return new("Watch latency, p99", latencies[latencies.Length * 99 / 100], "ms");
        yield return await Clients.MeasureAsync("Delete, 32 clients", "/s", Writers, count, i => api.DeleteAsync(paths[i]));
    }

    /// <summary>What a server of prepared bytes can be asked as well.</summary>
    public async IAsyncEnumerable<Figure> ReadAsync()
    {
        var paths = Paths;
        await Clients.RateAsync(Writers, count, i => api.GetAsync(paths[i]));
        yield return await Clients.MeasureAsync("Get, 32 clients", "/s", Writers, count * 4, i => api.GetAsync(paths[i % count]));
        yield return await Clients.MeasureAsync($"List {count} objects, 4 clients", "lists/s", Listers, Lists, _ => api.GetAsync(path));
    }

    private string[] Paths => [.. Enumerable.Range(0, count).Select(i => $"{path}/{Name(i)}")];

    private static string Name(int i) => $"bench-{i:D6}";

    private static byte[] Body(int i) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{Name(i)}}}","labels":{"bench":"yes","slice":"s{{{i % Slices}}}"}},"data":{"text":"{{{new string('x', 600)}}}"}}""");

    /// <summary>
    /// Every watcher sees every change; the time ends when the last one has seen the last. Each change says when it was
    /// asked for: the latency is from then until a watcher has it, the write included, at a pace the watchers can hold.
    /// </summary>
    private async Task<(double Rate, double[] Milliseconds)> FanOutAsync(string victim)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var streams = await WatchAsync(stop.Token);
        var watch = Stopwatch.StartNew();
        var counting = Task.WhenAll(streams.Select(stream => Task.Run(() => CountAsync(stream, WatchedChanges, stop.Token), stop.Token)));
        await Clients.RateAsync(4, WatchedChanges, i => ChangeAsync(victim));
        await counting;
        var rate = (double)Watchers * WatchedChanges / watch.Elapsed.TotalSeconds;

        var timing = Task.WhenAll(streams.Select(stream => Task.Run(() => TimeAsync(stream, WatchedChanges / 10, stop.Token), stop.Token)));
        for (var i = 0; i < WatchedChanges / 10; i++)
        {
            await ChangeAsync(victim);
            await Task.Delay(20, stop.Token);
        }

        var latencies = (await timing).SelectMany(times => times).Order().ToArray();
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }

        return (rate, latencies);
    }

    private Task ChangeAsync(string victim) =>
        api.PatchAsync(victim, Encoding.UTF8.GetBytes($$$"""{"data":{"change":"@{{{Stopwatch.GetTimestamp():D20}}}"}}"""));

    private async Task<Stream[]> WatchAsync(CancellationToken cancellationToken)
    {
        var start = System.Text.Json.Nodes.JsonNode.Parse(await api.ReadAsync($"{path}?limit=1"))!;
        var version = (string)start["metadata"]!["resourceVersion"]!;
        return await Task.WhenAll(Enumerable.Range(0, Watchers)
            .Select(_ => api.WatchAsync($"{path}?watch=1&resourceVersion={version}&fieldSelector=metadata.name%3D{Name(0)}", cancellationToken)));
    }

    private static async Task CountAsync(Stream stream, int lines, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (lines > 0)
        {
            var read = await ReadAsync(stream, buffer, lines, cancellationToken);
            lines -= buffer.AsSpan(0, read).Count((byte)'\n');
        }
    }

    private static async Task<List<double>> TimeAsync(Stream stream, int lines, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        var buffer = new byte[64 * 1024];
        while (times.Count < lines)
        {
            var read = await ReadAsync(stream, buffer, lines, cancellationToken);
            var now = Stopwatch.GetTimestamp();
            for (var rest = buffer.AsSpan(0, read); rest.IndexOf("\"@"u8) is >= 0 and var at && Utf8Parser.TryParse(rest[(at + 2)..], out long asked, out _); rest = rest[(at + 2)..])
            {
                times.Add(Stopwatch.GetElapsedTime(asked, now).TotalMilliseconds);
            }
        }

        return times;
    }

    private static async Task<int> ReadAsync(Stream stream, byte[] buffer, int missing, CancellationToken cancellationToken) =>
        await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : throw new EndOfStreamException($"A watch ended {missing} events early.");
}
