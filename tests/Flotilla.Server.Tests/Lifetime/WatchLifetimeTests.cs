using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Lifetime;

/// <summary>Watches that last: across restarts of the server, and with clients that do not read.</summary>
public sealed class WatchLifetimeTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_old_watch_of_something_idle_is_kept_up_to_date_after_a_restart()
    {
        await using var store = new MemoryStore();
        string version;
        await using (var first = await OwnServer.StartAsync(store))
        {
            version = (string)(await first.Admin.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"}}""")).Expect(201)["metadata.resourceVersion"]!;
            for (var i = 0; i < 3; i++)
            {
                (await first.Admin.PostAsync(Maps, $$$"""{"metadata":{"name":"m{{{i}}}"}}""")).Expect(201);
            }
        }

        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var second = await OwnServer.StartAsync(store, time);
        using var response = await second.Http.GetAsync($"/api/v1/namespaces/default/secrets?watch=1&allowWatchBookmarks=true&resourceVersion={version}", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        var next = reader.ReadLineAsync(Cancel).AsTask();
        for (var i = 0; i < 100 && !next.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.WhenAny(next, Task.Delay(50, Cancel));
        }

        var bookmark = JsonNode.Parse((await next)!)!;
        Assert.Equal("BOOKMARK", (string?)bookmark["type"]);
        Assert.True(long.Parse((string)bookmark["object"]!["metadata"]!["resourceVersion"]!, null) >= long.Parse(version, null) + 3);
    }

    [Fact]
    public async Task Who_does_not_read_is_cut_off_and_nobody_else_notices()
    {
        await using var store = new MemoryStore();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var own = await OwnServer.StartAsync(store, time);
        var version = (string)(await own.Admin.PostAsync(Maps, """{"metadata":{"name":"m"}}""")).Expect(201)["metadata.resourceVersion"]!;
        using var slowClient = own.Connect();
        var path = $"{Maps}?watch=1&resourceVersion={version}";
        using var slow = await slowClient.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var quick = await own.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancel);
        const int Changes = 40;
        var reading = ReadAsync(quick, Changes);
        var ballast = new string('x', 900_000);
        for (var i = 0; i < Changes; i++)
        {
            (await own.Admin.PatchAsync($"{Maps}/m", $$$"""{"data":{"text":"{{{i}}}{{{ballast}}}"}}""")).Expect(200);
        }

        Assert.Equal(Changes, await reading);
        for (var i = 0; i < 50; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(20, Cancel);
        }

        // What lies in the sockets can still be read; then the connection breaks, before all was sent.
        var (error, read) = (await Record.ExceptionAsync(() => ReadAsync(slow, Changes + 1)), 0);
        Assert.True(error is IOException or HttpRequestException, $"{error} {read}");
        (await own.Admin.GetAsync($"{Maps}/m")).Expect(200);
    }

    private static async Task<int> ReadAsync(HttpResponseMessage response, int lines)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        var count = 0;
        while (count < lines && await reader.ReadLineAsync(Cancel) is not null)
        {
            count++;
        }

        return count;
    }
}
