using System.Globalization;

namespace Flotilla.Storage.Tests.Sqlite;

/// <summary>The file holds what is there and its recent history, however much was written before.</summary>
public sealed class SqliteGrowthTests
{
    private const int Keys = 1000;
    private const int Writers = 64;
    private const int ValueBytes = 500;
    private static readonly int Writes = Environment.GetEnvironmentVariable("FLOTILLA_SOAK_SECONDS") is null ? 20_000 : 10_000_000;

    [Fact]
    public async Task Stays_bounded_however_much_is_written()
    {
        var cancel = TestContext.Current.CancellationToken;
        var directory = Directory.CreateTempSubdirectory("flotilla-growth-");
        var file = Path.Combine(directory.FullName, "state.db");
        var options = new StorageOptions { KeepHistory = TimeSpan.Zero, CompactEvery = TimeSpan.FromMilliseconds(200), CompactionStep = 5000 };
        await using (var store = SqliteStore.Open(file, options, TimeProvider.System))
        {
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(
                async () =>
                {
                    for (int i; (i = Interlocked.Increment(ref next)) < Writes;)
                    {
                        var key = string.Create(CultureInfo.InvariantCulture, $"/core/configmaps/a/{i % Keys}");
                        await store.WriteAsync(new WriteRequest(key, new byte[ValueBytes], Precondition.Any), cancel);
                    }
                },
                cancel)));
            await store.CompactAsync(store.Current, cancel);
            Assert.Equal(Keys, (await store.ListAsync("", null, 0, null, cancel)).Entries.Count);
        }

        Assert.InRange(new FileInfo(file).Length, 1, 20L * Keys * ValueBytes);
        directory.Delete(recursive: true);
    }
}
