using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Storage.Tests.Etcd.Members;

public sealed class ClusterReportTests
{
    private static readonly EtcdMember One = Voter(1, "one");
    private static readonly EtcdMember Two = Voter(2, "two");
    private static readonly EtcdMember Three = Voter(3, "three");

    [Fact]
    public void A_learner_counts_for_nothing()
    {
        var report = new ClusterReport([One, Silent(Two) with { IsLearner = true }]);
        Assert.Equal((1, true, null), (report.Quorum, report.HasQuorum, report.Problem));
        Assert.Null(MembershipRules.CheckRemoval(report, report.Members[1]));
        Assert.StartsWith("one is etcd's only member", MembershipRules.CheckRemoval(report, One), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_answers_without_a_leader_is_not_the_reason()
    {
        var alone = One with { Status = One.Status! with { Leader = 0 }, Problem = "knows no leader" };
        Assert.Equal(
            "etcd has lost its quorum and nothing can be written: of 3 members 2 must be there, but two, three do not answer. Start them again; if they are gone for good, run 'flotilla up --force-new-cluster' on the one server that shall go on.",
            new ClusterReport([alone, Silent(Two), Silent(Three)]).Problem);
        Assert.StartsWith("etcd's only member, one, does not answer", new ClusterReport([Silent(One)]).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dead_member_may_go_and_one_of_the_last_two_may_not()
    {
        var report = new ClusterReport([One, Two, Silent(Three)]);
        Assert.Null(MembershipRules.CheckRemoval(report, report.Members[2]));
        Assert.NotNull(MembershipRules.CheckRemoval(report, Two));
        Assert.Null(MembershipRules.CheckRemoval(new ClusterReport([One, Two]), Two));
    }

    private static EtcdMember Silent(EtcdMember member) => member with { Status = null, Problem = "does not answer" };

    private static EtcdMember Voter(ulong id, string name) => new(id, name, [], [], IsLearner: false) { Status = new MemberStatus("3.4.23", 1, 1, 1, 1) };
}
