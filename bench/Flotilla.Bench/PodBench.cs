using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Bench;

/// <summary>How long containers take from the request to ready.</summary>
internal sealed class PodBench(ApiClient api, string ns, string image, int replicas)
{
    private const int Singles = 5;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private readonly string pods = $"/api/v1/namespaces/{ns}/pods";
    private readonly string deployments = $"/apis/apps/v1/namespaces/{ns}/deployments";

    /// <summary>Of the Deployment.</summary>
    public int Replicas => replicas;

    public async IAsyncEnumerable<Figure> RunAsync()
    {
        // The first pod of a cluster pays for what is made once.
        await OnePodAsync("warm-up");
        var times = new List<double>();
        for (var i = 0; i < Singles; i++)
        {
            times.Add(await OnePodAsync($"single-{i}"));
        }

        times.Sort();
        yield return new("One pod, created to Ready (median of 5)", times[Singles / 2], "s");
        yield return new($"Deployment of {replicas} replicas, created to all ready", await DeploymentAsync(), "s");
    }

    private string PodSpec => $$"""
        {"terminationGracePeriodSeconds":0,"containers":[{"name":"main","image":"{{image}}",
        "imagePullPolicy":"IfNotPresent","command":["sleep","3600"]}]}
        """;

    public async Task<double> OnePodAsync(string name)
    {
        var watch = Stopwatch.StartNew();
        await api.PostAsync(pods, Encoding.UTF8.GetBytes(
            $$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}"},"spec":""" + PodSpec + "}"));
        await UntilAsync($"{pods}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3D{name}", pod =>
            pod["status"]?["conditions"]?.AsArray().Any(one => (string?)one?["type"] == "Ready" && (string?)one["status"] == "True") == true);
        var seconds = watch.Elapsed.TotalSeconds;
        await api.DeleteAsync($"{pods}/{name}");
        return seconds;
    }

    public async Task<double> DeploymentAsync()
    {
        var watch = Stopwatch.StartNew();
        await api.PostAsync(deployments, Encoding.UTF8.GetBytes($$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"bench"},"spec":{"replicas":{{{replicas}}},
            "selector":{"matchLabels":{"app":"bench"}},"template":{"metadata":{"labels":{"app":"bench"}},"spec":
            """ + PodSpec + "}}}"));
        await UntilAsync($"{deployments}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Dbench", deployment =>
            (int?)deployment["status"]?["readyReplicas"] == replicas);
        var seconds = watch.Elapsed.TotalSeconds;
        await api.DeleteAsync($"{deployments}/bench");
        return seconds;
    }

    public async Task UntilGoneAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while (JsonNode.Parse(await api.ReadAsync(pods))!["items"]!.AsArray().Count > 0)
        {
            await Task.Delay(100, limit.Token);
        }
    }

    private async Task UntilAsync(string path, Func<JsonNode, bool> isDone)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var reader = new StreamReader(await api.WatchAsync(path, limit.Token));
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (JsonNode.Parse(line)?["object"] is { } value && isDone(value))
            {
                return;
            }
        }

        throw new EndOfStreamException($"The watch of {path} ended too early.");
    }
}
