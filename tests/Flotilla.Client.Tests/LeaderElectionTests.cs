using Flotilla.Api;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests;

public sealed class LeaderElectionTests
{
    private readonly FakeTimeProvider time = new();
    private readonly LeaseServer server = new();

    [Fact]
    public async Task One_leads_and_the_other_takes_over_only_when_the_lease_has_run_out()
    {
        var (first, second) = (new Leader(), new Leader());
        var a = await StartAsync("a", first);
        await UntilAsync(() => first.Leads);
        var b = await StartAsync("b", second);
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.True(first.Leads);
        Assert.False(second.Leads);

        server.Refuses = "a";
        await UntilAsync(() => !first.Leads);
        Assert.False(second.Leads);
        await UntilAsync(() => second.Leads);
        Assert.Equal("b", server.Lease!.Spec.HolderIdentity);
        Assert.Equal(1, server.Lease.Spec.LeaseTransitions);
        await StopAsync(a, b);
    }

    [Fact]
    public async Task Who_stops_gives_the_lease_back_so_that_another_leads_at_once()
    {
        var (first, second) = (new Leader(), new Leader());
        var a = await StartAsync("a", first);
        await UntilAsync(() => first.Leads);
        await StopAsync(a);
        Assert.Equal("", server.Lease!.Spec.HolderIdentity);
        var b = await StartAsync("b", second);
        await UntilAsync(() => second.Leads);
        await StopAsync(b);
    }

    [Fact]
    public async Task Of_a_leader_that_is_known_to_be_dead_the_lease_is_taken_when_it_has_missed_two_renewals()
    {
        var (first, second, dead) = (new Leader(), new Leader(), false);
        var a = await StartAsync("a", first, lease: TimeSpan.FromHours(1));
        await UntilAsync(() => first.Leads);
        var b = await StartAsync("b", second, holder => dead && holder == "a");
        dead = true;
        for (var renewal = 0; renewal < 10; renewal++)
        {
            var before = server.Lease!.Metadata.ResourceVersion;
            time.Advance(TimeSpan.FromSeconds(2));
            await Task.Run(() => SpinWait.SpinUntil(() => server.Lease!.Metadata.ResourceVersion != before, TimeSpan.FromSeconds(10)));
        }

        Assert.False(second.Leads, "who renews its lease is not dead, whatever is said of it");
        server.Refuses = "a";
        await UntilAsync(() => second.Leads);
        await StopAsync(a, b);
    }

    private async Task<LeaderElection> StartAsync(string identity, Leader leader, Func<string, bool>? isGone = null, TimeSpan? lease = null)
    {
        var options = new LeaderElectionOptions { Name = "controllers", Identity = identity, IsGone = isGone ?? (_ => false), LeaseDuration = lease ?? TimeSpan.FromSeconds(15) };
        var election = new LeaderElection(server.As(identity), options, leader.RunAsync, time, NullLogger.Instance);
        await election.StartAsync(CancellationToken.None);
        return election;
    }

    private static async Task StopAsync(params LeaderElection[] elections)
    {
        foreach (var election in elections)
        {
            await election.StopAsync(CancellationToken.None);
            election.Dispose();
        }
    }

    private async Task PassAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromMilliseconds(500))
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(2);
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(2, timeout.Token);
        }
    }

    private sealed class Leader
    {
        public bool Leads { get; private set; }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            Leads = true;
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Leads = false;
        }
    }

    /// <summary>One lease, with versions; it can refuse a client as if the network did.</summary>
    private sealed class LeaseServer
    {
        private readonly Lock gate = new();
        private int version;

        public V1Lease? Lease { get; private set; }

        public string? Refuses { get; set; }

        public IObjectClient As(string identity) => new Client(this, identity);

        private V1Lease Answer(string identity, Func<V1Lease> exchange)
        {
            lock (gate)
            {
                return Refuses == identity ? throw new HttpRequestException("no route to host") : exchange();
            }
        }

        private V1Lease Store(V1Lease value)
        {
            Lease = value with { Metadata = value.Metadata with { ResourceVersion = $"{++version}" } };
            return Lease;
        }

        private static ApiException Failure(int code, string reason) => new(new V1Status { Code = code, Reason = reason });

        private sealed class Client(LeaseServer server, string identity) : UnusedClient
        {
            public override Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken) =>
                Task.FromResult((T)(object)server.Answer(identity, () => server.Lease ?? throw Failure(404, "NotFound")));

            public override Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken) => Task.FromResult((T)(object)server.Answer(
                identity, () => server.Lease is null ? server.Store((V1Lease)(object)value) : throw Failure(409, "AlreadyExists")));

            public override Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken) => Task.FromResult((T)(object)server.Answer(
                identity,
                () => server.Lease?.Metadata.ResourceVersion == value.Metadata.ResourceVersion
                    ? server.Store((V1Lease)(object)value)
                    : throw Failure(409, "Conflict")));
        }
    }
}
