using Flotilla.Server.Membership;
using Flotilla.Storage.Etcd;
using Flotilla.Storage.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Membership;

public sealed class ServerMembersTests : IAsyncLifetime
{
    private readonly EtcdProcess etcd = new();
    private readonly FakeTimeProvider time = new();
    private EtcdStore here = null!;
    private EtcdStore there = null!;

    public async ValueTask InitializeAsync() => (here, there) = (await OpenAsync(), await OpenAsync());

    public async ValueTask DisposeAsync()
    {
        await here.DisposeAsync();
        await there.DisposeAsync();
        etcd.Dispose();
    }

    [Fact]
    public async Task Servers_know_of_one_another_until_one_has_been_silent_for_long()
    {
        var (first, second) = (new ServerMembers(here, time), new ServerMembers(there, time));
        var (a, b) = (new ServerMember("a", "192.0.2.1", 6443), new ServerMember("b", "192.0.2.2", 7443));
        var cancelled = TestContext.Current.CancellationToken;
        Assert.Equal([a], await first.RenewAsync(a, cancelled));
        Assert.Equal([a, b], await second.RenewAsync(b, cancelled));
        for (var round = 0; round < 3; round++)
        {
            time.Advance(TimeSpan.FromSeconds(12));
            await second.RenewAsync(b, cancelled);
        }

        Assert.Equal([b], await second.RenewAsync(b, cancelled));
        Assert.Equal([a, b], await first.RenewAsync(a, cancelled));
        await first.LeaveAsync("a", cancelled);
        Assert.Equal([b], await second.RenewAsync(b, cancelled));
    }

    [Fact]
    public async Task Who_was_taken_for_dead_and_has_told_of_itself_since_stays()
    {
        var members = new ServerMembers(here, time);
        var server = new ServerMember("a", "192.0.2.1", 6443);
        var cancelled = TestContext.Current.CancellationToken;
        await members.RenewAsync(server, cancelled);
        var seen = (await members.ListAsync(cancelled)).Single().Modified;
        await members.RenewAsync(server, cancelled);
        await members.ForgetAsync(server, seen, cancelled);
        Assert.Equal(server, (await members.ListAsync(cancelled)).Single().Member);
        await members.ForgetAsync(server, (await members.ListAsync(cancelled)).Single().Modified, cancelled);
        Assert.Empty(await members.ListAsync(cancelled));
    }

    private async Task<EtcdStore> OpenAsync() =>
        await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Address] }, new Storage.StorageOptions(), TimeProvider.System, NullLogger<EtcdStore>.Instance, TestContext.Current.CancellationToken);
}
