using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Flotilla.Storage.Tests.Crash;

/// <summary>A process that writes from many sides is killed at random moments, again and again, on one database.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Kills = 30;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-crash-");

    [Fact]
    public async Task Nothing_acknowledged_is_lost_nothing_half_written_and_revisions_only_grow()
    {
        var file = Path.Combine(directory.FullName, "state.db");
        var random = new Random(20260101);
        var newest = Revision.First;
        var acknowledgedInAll = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var acknowledged = await WriteUntilKilledAsync(file, kill, TimeSpan.FromMilliseconds(random.Next(1, 150)));
            acknowledgedInAll += acknowledged.Count;
            Assert.All(acknowledged, write => Assert.True(write.Revision > newest, "A revision was given out twice."));
            newest = await CheckAsync(file, acknowledged, newest);
        }

        Assert.True(acknowledgedInAll > Kills, "The writer was killed before it wrote anything worth checking.");
    }

    public void Dispose() => directory.Delete(recursive: true);

    private static async Task<List<Acknowledged>> WriteUntilKilledAsync(string file, int seed, TimeSpan after)
    {
        var writer = Path.Combine(AppContext.BaseDirectory, "Flotilla.Storage.CrashWriter.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [writer, file, seed.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        var acknowledged = new List<Acknowledged>();
        Task? killing = null;
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            killing ??= Task.Run(async () =>
            {
                await Task.Delay(after);
                process.Kill();
            });

            // The last line may be cut short by the kill: it was not acknowledged to anybody.
            if (line.Split(' ') is [var revision, var key, var checksum] && (checksum == "-" || checksum.Length == 64))
            {
                acknowledged.Add(new Acknowledged(new Revision(long.Parse(revision, CultureInfo.InvariantCulture)), key, checksum));
            }
        }

        await (killing ?? Task.CompletedTask);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(137, process.ExitCode);
        return acknowledged;
    }

    private static async Task<Revision> CheckAsync(string file, List<Acknowledged> acknowledged, Revision before)
    {
        await using var store = SqliteStore.Open(file, new StorageOptions(), TimeProvider.System);
        var list = await store.ListAsync("", null, 0, null, CancellationToken.None);
        foreach (var entry in list.Entries)
        {
            Assert.Equal(Convert.ToHexString(SHA256.HashData(entry.Value.Span[..^32])), Checksum(entry));
        }

        var present = list.Entries.ToDictionary(entry => entry.Key);
        foreach (var last in acknowledged.GroupBy(write => write.Key).Select(writes => writes.MaxBy(write => write.Revision)!))
        {
            Assert.True(store.Current >= last.Revision);
            if (!present.TryGetValue(last.Key, out var entry))
            {
                // Deleted: by this write, or by a later one whose acknowledgement did not get out.
                Assert.True(last.Checksum == "-" || store.Current > last.Revision);
                continue;
            }

            Assert.True(entry.Modified >= last.Revision);
            Assert.True(entry.Modified > last.Revision || Checksum(entry) == last.Checksum, $"{entry.Modified} {Checksum(entry)} {last}");
        }

        await CheckHistoryAsync(store);
        Assert.True(store.Current >= before);
        return store.Current;
    }

    private static async Task CheckHistoryAsync(SqliteStore store)
    {
        var next = store.Compacted.Next;
        if (store.Current < next)
        {
            return;
        }

        await foreach (var batch in store.WatchAsync("", store.Compacted, CancellationToken.None))
        {
            foreach (var change in batch)
            {
                Assert.Equal(next, change.Revision);
                Assert.Equal(change.PreviousRevision is null, change.Previous is null);
                next = next.Next;
            }

            if (next > store.Current)
            {
                return;
            }
        }
    }

    private static string Checksum(StoredEntry entry) => Convert.ToHexString(entry.Value.Span[^32..]);

    private sealed record Acknowledged(Revision Revision, string Key, string Checksum);
}
