using System.Diagnostics;
using System.Globalization;
using System.Text;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Etcd.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Storage.Tests.Etcd.Running;

public sealed class EtcdSupervisorTests : IAsyncDisposable
{
    private readonly ClusterOfEtcd etcd = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => etcd.DisposeAsync();

    [Fact]
    public async Task A_member_that_dies_is_started_again_with_all_it_had()
    {
        var member = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        await using var store = await OpenAsync(member);
        await store.WriteAsync(new WriteRequest("k", Encoding.UTF8.GetBytes("v"), Precondition.Any), Cancelled);
        var before = NumberOf(member);
        using (var process = Process.GetProcessById(before))
        {
            process.Kill();
        }

        await store.WriteAsync(new WriteRequest("k2", new byte[1], Precondition.MustNotExist), Cancelled);
        Assert.NotEqual(before, NumberOf(member));
        Assert.NotNull(await store.GetAsync("k", Cancelled));
    }

    [Fact]
    public async Task What_a_killed_server_left_is_taken_over_unless_it_runs_otherwise()
    {
        var member = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        var before = NumberOf(member);

        await etcd.StartAsync(member, Cancelled);
        Assert.Equal(before, NumberOf(member));

        await etcd.StartAsync(member with { QuotaBytes = 2 * member.QuotaBytes }, Cancelled);
        Assert.NotEqual(before, NumberOf(member));
        Assert.False(IsAlive(before));
    }

    [Fact]
    public async Task It_ends_with_its_supervisor()
    {
        var member = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        var process = NumberOf(member);
        await etcd.StopAsync("a");
        Assert.False(IsAlive(process));
    }

    [Fact]
    public async Task One_that_cannot_start_says_why()
    {
        var missing = etcd.OptionsOf("x") with { Program = "/nowhere/etcd" };
        var error = await Assert.ThrowsAsync<StorageException>(() => etcd.StartAsync(missing, Cancelled));
        Assert.Contains("/nowhere/etcd", error.Message, StringComparison.Ordinal);

        var taken = await etcd.StartAsync(etcd.OptionsOf("a"), Cancelled);
        var other = etcd.OptionsOf("b") with { PeerAddress = taken.PeerAddress };
        error = await Assert.ThrowsAsync<StorageException>(() => etcd.StartAsync(other, Cancelled));
        Assert.Contains("address already in use", error.Message, StringComparison.Ordinal);
    }

    private static int NumberOf(EtcdMemberOptions member) => int.Parse(File.ReadAllText(member.DataDirectory + ".pid"), CultureInfo.InvariantCulture);

    // A zombie has no command line any more.
    private static bool IsAlive(int process) => File.Exists($"/proc/{process}/cmdline") && File.ReadAllText($"/proc/{process}/cmdline").Length > 0;

    private static Task<EtcdStore> OpenAsync(EtcdMemberOptions member) =>
        EtcdStore.OpenAsync(ClusterOfEtcd.Ask(member), new StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, Cancelled);
}
