using System.Collections.Concurrent;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Upkeep;
using Flotilla.Storage.Tests.Etcd.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage.Tests.Etcd.Upkeep;

public sealed class EtcdUpkeepTests : IAsyncDisposable
{
    private const int QuotaBytes = 4 * 1024 * 1024;
    private const int ValueBytes = 128 * 1024;

    private readonly ClusterOfEtcd etcd = new() { QuotaBytes = QuotaBytes };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => etcd.DisposeAsync();

    // etcd counts what is committed, every 100 ms: quick writes end above the quota, slow ones just below it.
    [Theory(Timeout = 180_000)]
    [InlineData(0)]
    [InlineData(150)]
    public async Task An_etcd_full_of_history_takes_writes_again_and_one_that_is_really_full_says_so(int pauseMilliseconds)
    {
        var member = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = ClusterOfEtcd.Connect(member);
        await using var store = await EtcdStore.OpenAsync(ClusterOfEtcd.Ask(member), new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
        Assert.Contains("database space exceeded", await FillAsync(store, _ => "same", TimeSpan.Zero), StringComparison.Ordinal);

        var warnings = new ConcurrentQueue<string>();
        using var upkeep = new EtcdUpkeep(cluster, member.LocalAddress, store, new UpkeepOptions { QuotaBytes = QuotaBytes, Interval = TimeSpan.FromMilliseconds(100), TimeToForget = TimeSpan.FromSeconds(10) }, TimeProvider.System, NullLogger<EtcdUpkeep>.Instance)
        {
            Warn = warnings.Enqueue,
        };
        await upkeep.StartAsync(Cancelled);
        while (!await TryWriteAsync(store, "again"))
        {
            await Task.Delay(50, Cancelled);
        }

        var status = Assert.Single((await cluster.ListAsync(Cancelled)).Members).Status!;
        Assert.InRange(status.DatabaseBytes, 0, QuotaBytes / 2);
        Assert.Empty(warnings);

        // Each value is needed now: nothing can be forgotten.
        await FillAsync(store, number => $"{number}", TimeSpan.FromMilliseconds(pauseMilliseconds));
        for (var number = 0; !warnings.Any(warning => warning.StartsWith("etcd is full", StringComparison.Ordinal)); number++)
        {
            await Task.Delay(50, Cancelled);
            await TryWriteAsync(store, $"more-{number}");
        }

        Assert.False(await TryWriteAsync(store, "more"));
        await upkeep.StopAsync(Cancelled);
    }

    /// <summary>Until it is refused; what it said.</summary>
    private static async Task<string> FillAsync(EtcdStore store, Func<int, string> key, TimeSpan pause)
    {
        for (var number = 0; ; number++)
        {
            try
            {
                await store.WriteAsync(new WriteRequest(key(number), new byte[ValueBytes], Precondition.Any), Cancelled);
                await Task.Delay(pause, Cancelled);
            }
            catch (StorageException full)
            {
                return full.Message;
            }
        }
    }

    private static async Task<bool> TryWriteAsync(EtcdStore store, string key)
    {
        try
        {
            await store.WriteAsync(new WriteRequest(key, new byte[ValueBytes], Precondition.Any), Cancelled);
            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }
}
