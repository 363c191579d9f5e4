using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Storage;
using k8s;

namespace Flotilla.Bench;

/// <summary>
/// One API server with a great many objects of 1 KB: how long it takes to start, what it holds in memory, and how long a
/// create takes while somebody pages through everything.
/// </summary>
internal static class ScaleCommand
{
    private const string Path = "/api/v1/namespaces/scale/configmaps";
    private const int PageLength = 500;
    private static readonly TimeSpan Alone = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CreateEvery = TimeSpan.FromMilliseconds(5);

    public static Command Create()
    {
        var count = new Option<int>("--objects") { Description = "How many", DefaultValueFactory = _ => 1_000_000 };
        var command = new Command("scale", "Measures an API server that holds a great many objects") { count };
        command.SetAction((result, cancellationToken) => RunAsync(result.GetValue(count), cancellationToken));
        return command;
    }

    private static async Task RunAsync(int count, CancellationToken cancellationToken)
    {
        await using var api = new ServedApi("api");
        await FillAsync(api.Database, count, cancellationToken);
        Console.WriteLine("| What | Figure |\n|---|---|");
        var watch = Stopwatch.StartNew();
        await api.StartAsync();
        Console.WriteLine(new Figure($"Start with {count:N0} objects of 1 KB", watch.Elapsed.TotalSeconds, "s") { ServerMicroseconds = api.ProcessorTime.TotalMicroseconds / count });
        Console.WriteLine(new Figure("Resident memory, an object", (double)api.ResidentBytes / count, "bytes"));
        using var client = new ApiClient(KubernetesClientConfiguration.BuildConfigFromConfigFile(api.Kubeconfig), HttpVersion.Version11);
        await client.PostAsync("/api/v1/namespaces", """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"scale"}}"""u8.ToArray());
        for (var i = 0; i < 200; i++)
        {
            await client.PostAsync(Path, Body($"warm-{i}"));
        }

        // The disk and whatever else runs on the machine have their part in every create: measured alone first.
        var quiet = Stopwatch.StartNew();
        Show("Create, nothing else asked", await CreateWhileAsync(client, "alone", () => quiet.Elapsed < Alone, cancellationToken));
        var before = await CollectionsAsync(client);
        var listing = PageThroughAsync(client);
        var times = await CreateWhileAsync(client, "new", () => !listing.IsCompleted, cancellationToken);
        var (objects, seconds) = await listing;
        Console.WriteLine(new Figure($"Full list of {objects:N0} objects in pages of {PageLength}", seconds, "s"));
        Show("Create meanwhile", times);
        var after = await CollectionsAsync(client);
        Console.WriteLine(new Figure("Pauses of the garbage collector meanwhile", (after.Seconds - before.Seconds) * 1000, $"ms in {after.Count - before.Count} collections, {after.Full - before.Full} of them full"));
        Console.WriteLine(new Figure("Resident memory afterwards, an object", (double)api.ResidentBytes / count, "bytes"));
    }

    /// <summary>One create after another; how long each took, sorted.</summary>
    private static async Task<List<double>> CreateWhileAsync(ApiClient client, string prefix, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        while (goesOn())
        {
            var start = Stopwatch.GetTimestamp();
            await client.PostAsync(Path, Body($"{prefix}-{times.Count}"));
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(CreateEvery, cancellationToken);
        }

        times.Sort();
        return times;
    }

    private static void Show(string what, List<double> sorted)
    {
        Console.WriteLine(new Figure($"{what}, p50 of {sorted.Count:N0}", sorted[sorted.Count / 2], "ms"));
        Console.WriteLine(new Figure($"{what}, p99", sorted[sorted.Count * 99 / 100], "ms"));
    }

    private static async Task<(double Seconds, double Count, double Full)> CollectionsAsync(ApiClient client)
    {
        var lines = Encoding.UTF8.GetString(await client.ReadAsync("/metrics")).Split('\n');
        double Read(string name) => double.Parse(lines.First(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        return (Read("dotnet_gc_pause_seconds_total"), Read("dotnet_gc_collections_total{generation=\"0\"}"), Read("dotnet_gc_collections_total{generation=\"2\"}"));
    }

    private static async Task<(int Objects, double Seconds)> PageThroughAsync(ApiClient client)
    {
        var watch = Stopwatch.StartNew();
        var (objects, token) = (0, "");
        do
        {
            var bytes = await client.ReadAsync($"{Path}?limit={PageLength}&continue={token}");

            // The metadata stands first; the items are only counted.
            var end = bytes.AsSpan().IndexOf("\"items\""u8);
            var head = JsonNode.Parse(Encoding.UTF8.GetString(bytes.AsSpan(0, end)) + "\"items\":[]}")!;
            token = (string?)head["metadata"]!["continue"] ?? "";
            objects += bytes.AsSpan().Count("{\"metadata\":"u8);
        }
        while (token.Length > 0);

        return (objects, watch.Elapsed.TotalSeconds);
    }

    // Through the store itself: what is measured is a server that has them, not how they came.
    private static async Task FillAsync(string database, int count, CancellationToken cancellationToken)
    {
        await using var store = SqliteStore.Open(database, new StorageOptions(), TimeProvider.System);
        await Clients.RateAsync(1024, count, async i => await store.WriteAsync(
            new WriteRequest($"/core/configmaps/scale/{i:D7}", Stored(i), Precondition.MustNotExist), cancellationToken));
    }

    private static byte[] Stored(int i) => Encoding.UTF8.GetBytes(
        $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{i:D7}}}","namespace":"scale","uid":"00000000-0000-4000-8000-00000{{{i:D7}}}","creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"text":"{{{new string('x', 830)}}}"}}""");

    private static byte[] Body(string name) => Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"text":"{{{new string('x', 830)}}}"}}""");
}
