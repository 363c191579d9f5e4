using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Flotilla.Parity;

/// <summary>How long an engine takes for what a swarm is used for, asked over its socket without the CLI.</summary>
internal sealed class Measurement(string image, string host) : IDisposable
{
    private const int Creates = 11;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    private readonly HttpClient client = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(new Uri(host).AbsolutePath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://docker/v1.41/") };

    public void Dispose() => client.Dispose();

    /// <summary>Each figure and its time, on an engine that is in no swarm; it is in none afterwards.</summary>
    public async Task<IReadOnlyList<(string What, TimeSpan Time)>> RunAsync()
    {
        List<(string, TimeSpan)> figures = [("`swarm init`", await TimeAsync(() => PostAsync("swarm/init", new JsonObject { ["ListenAddr"] = "0.0.0.0:2377" })))];
        figures.Add(($"`service create`, answered (median of {Creates})", await CreateEmptyAsync()));
        figures.Add(("20 replicas, created to all running", await TimeAsync(async () =>
        {
            await CreateAsync("twenty", 20);
            await RunningAsync("twenty", 20);
        })));
        figures.Add(("40 more (`service scale`), to all 60 running", await TimeAsync(async () =>
        {
            await UpdateAsync("twenty", spec => spec["Mode"]!["Replicated"]!["Replicas"] = 60);
            await RunningAsync("twenty", 60);
        })));
        await RemoveAsync("twenty");
        await CreateAsync("forced", 20);
        await RunningAsync("forced", 20);
        figures.Add(("`service update --force` of 20 by 5, to completed", await TimeAsync(async () =>
        {
            await UpdateAsync("forced", spec => spec["TaskTemplate"]!["ForceUpdate"] = 1);
            await UntilAsync(async () => (await GetAsync("services/forced"))["UpdateStatus"]?["State"]?.ToString() == "completed");
        })));
        await RemoveAsync("forced");
        await PostAsync("swarm/leave?force=1", []);
        return figures;
    }

    private async Task<TimeSpan> CreateEmptyAsync()
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < Creates; i++)
        {
            times.Add(await TimeAsync(() => CreateAsync($"empty{i}", 0)));
        }

        for (var i = 0; i < Creates; i++)
        {
            await RemoveAsync($"empty{i}");
        }

        return times.Order().ElementAt(Creates / 2);
    }

    private Task CreateAsync(string name, int replicas) => PostAsync("services/create", new JsonObject
    {
        ["Name"] = name,
        ["Mode"] = new JsonObject { ["Replicated"] = new JsonObject { ["Replicas"] = replicas } },
        ["TaskTemplate"] = new JsonObject { ["ContainerSpec"] = new JsonObject { ["Image"] = image } },
        ["UpdateConfig"] = new JsonObject { ["Parallelism"] = 5, ["Monitor"] = 1_000_000_000, ["FailureAction"] = "pause" },
    });

    private async Task UpdateAsync(string name, Action<JsonNode> change)
    {
        var service = await GetAsync($"services/{name}");
        change(service["Spec"]!);
        await PostAsync($"services/{name}/update?version={service["Version"]!["Index"]}", (JsonObject)service["Spec"]!.DeepClone());
    }

    private Task RunningAsync(string name, int count) => UntilAsync(async () =>
        (await TasksAsync(name)).Count(task => task!["Status"]!["State"]!.ToString() == "running" && task["DesiredState"]!.ToString() == "running") == count);

    private async Task RemoveAsync(string name)
    {
        var id = (await GetAsync($"services/{name}"))["ID"]!.ToString();
        using var answer = await client.DeleteAsync($"services/{name}");
        answer.EnsureSuccessStatusCode();
        await UntilAsync(async () => (await TasksAsync(id)).Count == 0);
    }

    private async Task<JsonArray> TasksAsync(string service)
    {
        try
        {
            return (await GetAsync($"tasks?filters={Uri.EscapeDataString($$$"""{"service":{"{{{service}}}":true}}""")}")).AsArray();
        }
        catch (HttpRequestException gone) when (gone.StatusCode == HttpStatusCode.NotFound)
        {
            // dockerd knows no tasks of a service that is gone.
            return [];
        }
    }

    private async Task<JsonNode> GetAsync(string path) => (await client.GetFromJsonAsync<JsonNode>(path))!;

    private async Task PostAsync(string path, JsonObject body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var watch = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.True(watch.Elapsed < Limit);
            await Task.Delay(Interval);
        }
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed;
    }
}
