using System.Diagnostics;
using System.Globalization;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Running;
using Flotilla.Storage.Tests.Etcd.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage.Tests.Etcd.Members;

public sealed class EtcdClusterTests : IAsyncDisposable
{
    private readonly ClusterOfEtcd etcd = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => etcd.DisposeAsync();

    [Fact]
    public async Task A_dead_member_of_three_is_replaced_and_nothing_is_lost()
    {
        var first = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = ClusterOfEtcd.Connect(first);
        await using var store = await EtcdStore.OpenAsync(ClusterOfEtcd.Ask(first), new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
        await WriteAsync(store, "one");
        await etcd.JoinAsync("b", cluster, Cancelled);
        await etcd.JoinAsync("c", cluster, Cancelled);
        await WriteAsync(store, "three");
        var report = await cluster.ListAsync(Cancelled);
        Assert.Equal(["a", "b", "c"], report.Members.Select(member => member.Name));
        Assert.All(report.Members, member => Assert.True(member.IsHealthy && !member.IsLearner && member.Status!.DatabaseBytes > 0));
        Assert.Null(report.Problem);

        await etcd.LoseAsync("c");
        report = await cluster.ListAsync(Cancelled);
        Assert.True(report.HasQuorum);
        Assert.Equal("etcd works without c (does not answer), and no other may fail. Bring it back, or take it out with 'flotilla node rm'.", report.Problem);
        await WriteAsync(store, "two of three");

        // The one that is well cannot go: half of the rest would be missing.
        var refused = await Assert.ThrowsAsync<StorageException>(() => cluster.RemoveAsync(Of(report, "b").Id, Cancelled));
        Assert.StartsWith("Without b etcd would lose its quorum: of the 2 members left 2 must answer, but c would be missing.", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<StorageException>(() => cluster.AddLearnerAsync("b", EtcdProcess.FreePort(), Cancelled));
        Assert.StartsWith("b is a member of etcd already", refused.Message, StringComparison.Ordinal);

        // The same name on a new machine takes its place.
        await etcd.JoinAsync("c", cluster, Cancelled);
        report = await cluster.ListAsync(Cancelled);
        Assert.Null(report.Problem);
        Assert.Equal(3, report.Voters.Count());

        // The first of all may go too, and the store follows the others.
        cluster.UseEndpoints([.. report.Members.Where(member => member.Name != "a").SelectMany(member => member.ClientAddresses)]);
        store.UseEndpoints([.. report.Members.Where(member => member.Name != "a").SelectMany(member => member.ClientAddresses)]);
        await cluster.RemoveAsync(Of(report, "a").Id, Cancelled);
        await etcd.LoseAsync("a");
        await WriteAsync(store, "without the first");
        Assert.Equal(["one", "three", "two of three", "without the first"], (await store.ListAsync("", null, 0, null, Cancelled)).Entries.Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["b", "c"], (await cluster.ListAsync(Cancelled)).Members.Select(member => member.Name));
    }

    [Fact]
    public async Task A_leader_that_falls_silent_costs_an_election_and_nothing_that_was_acknowledged()
    {
        var first = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = ClusterOfEtcd.Connect(first);
        var others = new[] { await etcd.JoinAsync("b", cluster, Cancelled), await etcd.JoinAsync("c", cluster, Cancelled) };
        var members = new[] { first, others[0], others[1] };
        var report = await cluster.ListAsync(Cancelled);
        var leader = members.Single(member => member.Name == report.Leader!.Name);
        await using var store = await EtcdStore.OpenAsync(ClusterOfEtcd.Ask([.. members.Where(member => member != leader), leader]), new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
        await WriteAsync(store, "before");

        // Its machine answers, it does not: to the others it is cut off.
        var process = Flotilla.Storage.Etcd.Running.EtcdProcess.Find(leader)!.Value;
        Signal(process, "STOP");
        try
        {
            var begun = Stopwatch.GetTimestamp();
            Assert.Equal(WriteOutcome.Written, (await WriteAsync(store, "without")).Outcome);
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10), "nobody else led for long");
        }
        finally
        {
            Signal(process, "CONT");
        }

        // It hears of the new one and of what was written meanwhile, and follows.
        await using var own = await OpenAsync(leader);
        Assert.NotNull(await own.GetAsync("without", Cancelled));
        Assert.NotEqual(leader.Name, (await cluster.ListAsync(Cancelled)).Leader!.Name);
        Assert.Equal(["before", "without"], (await store.ListAsync("", null, 0, null, Cancelled)).Entries.Select(entry => entry.Key));
    }

    [Fact]
    public async Task A_lost_quorum_is_said_and_one_member_can_go_on_alone()
    {
        var first = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = ClusterOfEtcd.Connect(first);
        await etcd.JoinAsync("b", cluster, Cancelled);
        await using (var store = await OpenAsync(first))
        {
            await WriteAsync(store, "both");
        }

        await etcd.LoseAsync("b");
        var report = await cluster.ListAsync(Cancelled);
        Assert.False(report.HasQuorum);
        Assert.StartsWith("etcd has lost its quorum and nothing can be written: of 2 members 2 must be there, but b does not answer.", report.Problem, StringComparison.Ordinal);

        await etcd.StopAsync("a");
        first.ForceNewCluster();
        await etcd.StartAsync(first, Cancelled);
        await using var alone = await OpenAsync(first);
        Assert.NotNull(await alone.GetAsync("both", Cancelled));
        await WriteAsync(alone, "alone");

        // Only once: who joins later is not forgotten at the next start.
        await etcd.JoinAsync("c", cluster, Cancelled);
        await etcd.StopAsync("a");
        await etcd.StartAsync(first, Cancelled);
        Assert.Equal(["a", "c"], (await cluster.ListAsync(Cancelled)).Members.Select(member => member.Name));
    }

    [Fact]
    public async Task Who_was_left_behind_ends_when_it_comes_back_even_as_one_of_most()
    {
        var first = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = ClusterOfEtcd.Connect(first);
        var left = new[] { await etcd.JoinAsync("b", cluster, Cancelled), await etcd.JoinAsync("c", cluster, Cancelled) };
        foreach (var name in new[] { "a", "b", "c" })
        {
            await etcd.StopAsync(name);
        }

        first.ForceNewCluster();
        await etcd.StartAsync(first, Cancelled);
        await Task.WhenAll(left.Select(ComeBackAsync));
        Assert.Equal("a", Assert.Single((await cluster.ListAsync(Cancelled)).Members).Name);

        async Task ComeBackAsync(EtcdMemberOptions member)
        {
            try
            {
                await etcd.StartAsync(member, Cancelled);
            }
            catch (RemovedMemberException)
            {
                // It heard of it before it answered anybody.
            }

            await WaitUntilAsync(() => Flotilla.Storage.Etcd.Running.EtcdProcess.Find(member) is null);
            Assert.Contains("permanently removed from the cluster", await File.ReadAllTextAsync(member.LogFile, Cancelled), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_learner_that_never_comes_gives_way_to_another()
    {
        var first = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        using var cluster = new EtcdCluster(ClusterOfEtcd.Ask(first), TimeProvider.System, NullLogger<EtcdCluster>.Instance) { SilentLearnerPatience = TimeSpan.FromSeconds(1) };
        await cluster.AddLearnerAsync("never", EtcdProcess.FreePort(), Cancelled);
        await etcd.JoinAsync("b", cluster, Cancelled);
        Assert.Equal(["a", "b"], (await cluster.ListAsync(Cancelled)).Voters.Select(member => member.Name));
        Assert.Equal(2, (await cluster.ListAsync(Cancelled)).Members.Count);
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        var limit = DateTimeOffset.UtcNow.AddSeconds(60);
        while (!holds())
        {
            Assert.True(DateTimeOffset.UtcNow < limit, "it still runs");
            await Task.Delay(50, Cancelled);
        }
    }

    private static void Signal(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static EtcdMember Of(ClusterReport report, string name) => report.Members.Single(member => member.Name == name);

    private static Task<EtcdStore> OpenAsync(EtcdMemberOptions member) =>
        EtcdStore.OpenAsync(ClusterOfEtcd.Ask(member), new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);

    private static Task<WriteResult> WriteAsync(EtcdStore store, string key) => store.WriteAsync(new WriteRequest(key, new byte[1], Precondition.MustNotExist), Cancelled);
}
