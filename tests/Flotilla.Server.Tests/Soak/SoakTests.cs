using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Soak;

/// <summary>
/// Whatever is sent, the server answers, in time, and never with an error of its own. A few seconds in the normal run;
/// <c>./test --soak</c> goes on for longer and looks at memory too.
/// </summary>
public sealed class SoakTests
{
    private const int Clients = 8;
    private const int MostDefects = 1000;
    private const int MemoryRounds = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_SOAK_SECONDS"), out var seconds) ? seconds : 3;

    [Fact]
    public async Task Answers_whatever_is_sent()
    {
        await using var host = new ApiHost();
        await host.InitializeAsync();
        var space = await host.SpaceAsync("soak");
        await DefineGadgetsAsync(host);
        var deadline = Stopwatch.GetTimestamp() + (Seconds * Stopwatch.Frequency);
        var (sent, defects) = (0, new ConcurrentBag<string>());
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => Task.Run(
            async () =>
            {
                for (var fuzzer = new RequestFuzzer(seed, space); Stopwatch.GetTimestamp() < deadline;)
                {
                    if (await SendAsync(host, fuzzer.Next()) is { } defect && defects.Count < MostDefects)
                    {
                        defects.Add(defect);
                    }

                    Interlocked.Increment(ref sent);
                }
            },
            TestContext.Current.CancellationToken)));
        (await host.Admin.GetAsync("/readyz")).Expect(200);
        Assert.True(defects.IsEmpty, string.Join("\n\n", defects.DistinctBy(defect => defect[..Math.Min(defect.Length, 160)]).Take(10)));
        Assert.True(sent > Seconds * 10, $"only {sent} requests in {Seconds} s");
    }

    [Fact]
    public async Task Keeps_its_memory_over_many_requests()
    {
        if (Seconds < 60)
        {
            Assert.Skip("part of ./test --soak");
        }

        await using var host = new ApiHost();
        await host.InitializeAsync();
        var space = await host.SpaceAsync("memory");
        await DefineGadgetsAsync(host);
        var fuzzers = Enumerable.Range(0, Clients).Select(seed => new RequestFuzzer(1000 + seed, space)).ToArray();
        async Task<long> RunAsync()
        {
            await Task.WhenAll(fuzzers.Select(fuzzer => Task.Run(async () =>
            {
                for (var i = 0; i < Seconds * 20; i++)
                {
                    Assert.Null(await SendAsync(host, fuzzer.Next()));
                }
            })));
            await host.Store.CompactAsync(host.Store.Current, TestContext.Current.CancellationToken);
            return BytesInUse();
        }

        await RunAsync();
        var sizes = new List<long>();
        for (var round = 0; round < MemoryRounds; round++)
        {
            sizes.Add(await RunAsync());
        }

        var shown = string.Join(", ", sizes.Select(size => size.ToString("N0", CultureInfo.InvariantCulture)));
        TestContext.Current.TestOutputHelper?.WriteLine($"bytes in use after each of {MemoryRounds} rounds of {Clients * Seconds * 20:N0} requests: {shown}");

        // What is under way when a round ends differs from one to the next: the least of each half tells.
        var (first, last) = (sizes.Take(MemoryRounds / 2).Min(), sizes.Skip(MemoryRounds / 2).Min());
        Assert.True(last < first * 1.2 + 10_000_000, $"bytes in use after each round: {shown}");
    }

    /// <summary>What a full collection found alive: neither garbage nor the holes between pinned buffers.</summary>
    private static long BytesInUse()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        var info = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return info.HeapSizeBytes - info.FragmentedBytes;
    }

    private static async Task DefineGadgetsAsync(ApiHost host)
    {
        var schema = (JsonObject)JsonNode.Parse("""
            {"type":"object","properties":{"spec":{"type":"object","x-kubernetes-validations":[{"rule":"!has(self.names) || self.names.all(n, n.size() < 100)"},{"rule":"self.size >= oldSelf.size || self.size > 3"}],
             "properties":{"size":{"type":"integer","minimum":0,"maximum":10,"default":1},"names":{"type":"array","x-kubernetes-list-type":"set","maxItems":10,"items":{"type":"string","maxLength":50}},
             "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"port":{"x-kubernetes-int-or-string":true}}},"status":{"type":"object","properties":{"size":{"type":"integer"}}}}}
            """)!;
        (await host.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", RequestFuzzer.Gadgets("gadgets", schema))).Expect(201);
        await host.Admin.EventuallyAsync("/apis/fuzz.example.com/v1", reply => reply.Code == 200);
    }

    /// <summary>Null when the answer is one that a server may give.</summary>
    private static async Task<string?> SendAsync(ApiHost host, FuzzedRequest request)
    {
        try
        {
            var reply = await host.Admin.SendBytesAsync(request.Method, request.Path, request.Body, request.ContentType, request.Accept)
                .WaitAsync(Patience, TestContext.Current.CancellationToken);

            // A version from the future is waited for and then refused with 504, and upstream calls an apply of unknown
            // fields an error of its own; everything else above 499 is a defect.
            return reply.Code is < 500 or 504 || reply.Text.Contains("failed to create typed patch object", StringComparison.Ordinal) ? null : $"{reply.Code} {reply.Text} to {request}";
        }
        catch (Exception error) when (error is TimeoutException or HttpRequestException)
        {
            return $"no answer ({error.Message}) to {request}";
        }
    }
}
