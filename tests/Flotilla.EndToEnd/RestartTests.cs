using System.Collections.Concurrent;
using System.Net.Http.Json;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>Flotilla dies; what runs keeps running, and what was acknowledged is there.</summary>
public sealed class RestartTests(Cluster cluster)
{
    [Fact]
    public async Task Kill_9_under_load_loses_nothing_and_restarts_no_container()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        var before = await ContainersAsync(space);
        var acknowledged = new ConcurrentBag<string>();
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(worker => WriteAsync(space, worker, acknowledged, stop.Token)).ToArray();
        await Eventually.GetAsync(() => Task.FromResult(acknowledged.Count), count => count > 100);

        await cluster.KillAsync();
        await stop.CancelAsync();
        await Task.WhenAll(load);
        await cluster.UpAsync();

        var present = (await space.OkAsync("get", "configmaps", "-o", "name")).Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(acknowledged, name => !present.Contains("configmap/" + name));
        await space.OkAsync("rollout", "status", "deployment/my-app", "--timeout=60s");
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal(before, await ContainersAsync(space));
    }

    [Fact]
    public async Task Up_twice_is_fine()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        var before = await ContainersAsync(space);
        await cluster.UpAsync();

        Assert.Equal(before, await ContainersAsync(space));
    }

    [Fact]
    public async Task Down_leaves_nothing_and_up_continues_with_the_same_objects()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        (await cluster.DownAsync()).Success();

        // Also none whose shim is gone: a container's root lies in the data directory.
        Assert.DoesNotContain(cluster.DataDirectory, await OutputAsync("sh", "-c", "cat /proc/[0-9]*/mountinfo 2>/dev/null; true"), StringComparison.Ordinal);
        Assert.DoesNotContain("flotilla", await OutputAsync("ip", "link"), StringComparison.Ordinal);
        Assert.DoesNotContain("flotilla", await OutputAsync("nft", "list", "ruleset"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries("/run", "flotilla.owner*"));
        Assert.DoesNotContain(cluster.DataDirectory, await OutputAsync("mount"), StringComparison.Ordinal);
        Assert.DoesNotContain(cluster.DataDirectory, await OutputAsync("ps", "-eo", "args"), StringComparison.Ordinal);
        Assert.DoesNotContain("10.244.", await OutputAsync("ip", "route"), StringComparison.Ordinal);

        await cluster.UpAsync();
        await space.OkAsync("rollout", "status", "deployment/my-app", "--timeout=90s");
        Assert.Equal(2, (await space.PodsAsync()).Length);
        Assert.Equal("1 0 Completed 1 0 Completed", await space.OkAsync("get", "pods", "-o", "jsonpath={range .items[*].status.containerStatuses[0]}{.restartCount} {.lastState.terminated.exitCode} {.lastState.terminated.reason} {end}"));
    }

    private static async Task<string> OutputAsync(string program, params string[] arguments) =>
        (await CommandLine.RunAsync(program, arguments)).Success();

    private static Task<string> ContainersAsync(Space space) => space.OkAsync(
        "get", "pods", "--sort-by=.metadata.name", "-o",
        "jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}");

    private async Task WriteAsync(Space space, int worker, ConcurrentBag<string> acknowledged, CancellationToken stop)
    {
        using var http = cluster.Http();
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var name = $"load-{worker}-{i}";
            try
            {
                using var response = await http.PostAsJsonAsync(
                    $"/api/v1/namespaces/{space.Name}/configmaps",
                    new { apiVersion = "v1", kind = "ConfigMap", metadata = new { name }, data = new { text = new string('x', 500) } },
                    stop);
                if (response.IsSuccessStatusCode)
                {
                    acknowledged.Add(name);
                }
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // The server died in the middle: this write was never acknowledged.
                return;
            }
        }
    }
}
