using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Flotilla.EndToEnd.Servers;

/// <summary>Clients that create ConfigMaps without a pause, each with the next server when its own is gone.</summary>
internal sealed class CreateLoad(ThreeServers cluster, string space)
{
    private const int Clients = 6;

    private readonly ConcurrentBag<(string Name, long At)> acknowledged = [];
    private volatile bool ending;

    public IReadOnlyCollection<string> Acknowledged => [.. acknowledged.Select(made => made.Name)];

    /// <summary>Until it is told to end.</summary>
    public async Task RunAsync()
    {
        var servers = ThreeServers.Names.Select(cluster.Http).ToList();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => CreateAsync(new ServersClient(servers, client), client))));
        servers.ForEach(server => server.Dispose());
    }

    public void End() => ending = true;

    /// <summary>From this moment until the next create was acknowledged after one that was begun later.</summary>
    public TimeSpan ResumedAfter(long moment) => acknowledged.Where(made => made.At > moment).Select(made => made.At).DefaultIfEmpty(long.MaxValue).Min() is var next and < long.MaxValue
        ? Stopwatch.GetElapsedTime(moment, next)
        : TimeSpan.MaxValue;

    /// <summary>The longest time in which no create was acknowledged.</summary>
    public TimeSpan LongestSilence()
    {
        var times = acknowledged.Select(made => made.At).Order().ToList();
        return times.Zip(times.Skip(1), Stopwatch.GetElapsedTime).DefaultIfEmpty().Max();
    }

    private async Task CreateAsync(ServersClient client, int number)
    {
        for (var count = 0; !ending; count++)
        {
            var name = $"c{number}-{count}";
            var answer = await client.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{space}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
            if (answer.Code == HttpStatusCode.Created)
            {
                acknowledged.Add((name, Stopwatch.GetTimestamp()));
            }
            else if (answer.Code is not null)
            {
                throw new InvalidOperationException($"{name} was refused: {answer.Body}");
            }
        }
    }
}
