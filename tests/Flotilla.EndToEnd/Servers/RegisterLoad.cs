using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Flotilla.Storage.Tests.Linearizability;

namespace Flotilla.EndToEnd.Servers;

/// <summary>Clients that read and write a few ConfigMaps by their versions, through all servers, and note what they saw and when.</summary>
internal sealed class RegisterLoad(ThreeServers cluster, string space, int seed)
{
    private const int Clients = 8;
    private const int Keys = 5;
    private const double ReadShare = 0.4;

    private readonly ConcurrentBag<(string Key, Operation Operation)> history = [];
    private readonly CancellationTokenSource ending = new();
    private int values;

    public int Count => history.Count;

    /// <summary>Until it is told to end.</summary>
    public async Task RunAsync()
    {
        var servers = ThreeServers.Names.Select(cluster.Http).ToList();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => WorkAsync(new ServersClient(servers, client), new Random(seed + client)))));
        servers.ForEach(server => server.Dispose());
    }

    public void End() => ending.Cancel();

    /// <summary>Empty: what was seen of every key can be explained by one register.</summary>
    public IReadOnlyList<string> Problems() =>
        [.. history.GroupBy(entry => entry.Key, entry => entry.Operation, StringComparer.Ordinal).SelectMany(key => new KeyHistory([.. key]).Problems().Select(problem => $"{key.Key}: {problem}"))];

    private async Task WorkAsync(ServersClient client, Random random)
    {
        var known = new Dictionary<string, long>(StringComparer.Ordinal);
        while (!ending.IsCancellationRequested)
        {
            var key = $"k{random.Next(Keys)}";
            if (random.NextDouble() < ReadShare || !known.TryGetValue(key, out var version))
            {
                known[key] = await ReadAsync(client, key, known.GetValueOrDefault(key));
            }
            else
            {
                known[key] = await WriteAsync(client, key, version);
            }
        }
    }

    private async Task<long> ReadAsync(ServersClient client, string key, long before)
    {
        var began = Stopwatch.GetTimestamp();
        var answer = await client.SendAsync(HttpMethod.Get, $"{Path}/{key}");
        switch (answer.Code)
        {
            case null:
                return before;
            case HttpStatusCode.OK:
                history.Add((key, new Read(began, Stopwatch.GetTimestamp(), (string?)answer.Body!["data"]!["v"], answer.Version)));
                return answer.Version;
            case HttpStatusCode.NotFound:
                history.Add((key, new Read(began, Stopwatch.GetTimestamp(), null, 0)));
                return 0;
            default:
                throw new InvalidOperationException($"reading {key} was refused: {answer.Body}");
        }
    }

    private async Task<long> WriteAsync(ServersClient client, string key, long version)
    {
        var value = Interlocked.Increment(ref values).ToString(CultureInfo.InvariantCulture);
        var metadata = version == 0 ? $$"""{"name":"{{key}}"}""" : $$"""{"name":"{{key}}","resourceVersion":"{{version}}"}""";
        var body = $$$"""{"metadata":{{{metadata}}},"data":{"v":"{{{value}}}"}}""";
        var began = Stopwatch.GetTimestamp();
        var answer = version == 0 ? await client.SendAsync(HttpMethod.Post, Path, body) : await client.SendAsync(HttpMethod.Put, $"{Path}/{key}", body);
        var outcome = answer.Code switch
        {
            null => Outcome.Unknown,
            HttpStatusCode.OK or HttpStatusCode.Created => Outcome.Done,
            HttpStatusCode.Conflict => Outcome.Refused,
            _ => throw new InvalidOperationException($"writing {key} was refused: {answer.Body}"),
        };
        history.Add((key, new Write(began, Stopwatch.GetTimestamp(), outcome, value, version, outcome == Outcome.Done ? answer.Version : 0)));
        return outcome == Outcome.Done ? answer.Version : version;
    }

    private string Path => $"/api/v1/namespaces/{space}/configmaps";
}
