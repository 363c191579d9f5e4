using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Upkeep;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Storage.Tests.Etcd.Upkeep;

public sealed class StaleLearnersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly EtcdMember Voter = new(1, "a", [], [], IsLearner: false) { Problem = "does not answer" };
    private static readonly EtcdMember Learner = new(2, "", [], [], IsLearner: true) { Problem = "has not started yet" };

    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_learner_that_never_starts_has_to_go_and_a_voter_never()
    {
        var stale = new StaleLearners(Patience, time);
        Assert.Empty(stale.In(new ClusterReport([Voter, Learner])));
        time.Advance(Patience);
        Assert.Equal([Learner], stale.In(new ClusterReport([Voter, Learner])));
    }

    [Fact]
    public void One_that_comes_back_has_all_its_time_again()
    {
        var stale = new StaleLearners(Patience, time);
        stale.In(new ClusterReport([Learner]));
        time.Advance(Patience / 2);
        stale.In(new ClusterReport([Learner with { Problem = null }]));
        stale.In(new ClusterReport([Learner]));
        time.Advance(Patience / 2);
        Assert.Empty(stale.In(new ClusterReport([Learner])));
    }
}
