using Flotilla.Storage.Etcd.Members;
using Flotilla.Storage.Etcd.Upkeep;

namespace Flotilla.Storage.Tests.Etcd.Upkeep;

public sealed class DefragmentationTests
{
    private const long Mebibyte = 1024 * 1024;
    private static readonly UpkeepOptions Options = new() { QuotaBytes = 1000 * Mebibyte };

    [Fact]
    public void Followers_come_first_and_the_leader_last()
    {
        Assert.Equal("c", Next(Member(1, "a", 600, 100), Member(2, "b", 500, 100), Member(3, "c", 600, 90)));
        Assert.Equal("b", Next(Member(1, "a", 600, 100), Member(2, "b", 500, 100), Member(3, "c", 90, 90)));
        Assert.Equal("a", Next(Member(1, "a", 600, 100), Member(2, "b", 100, 100), Member(3, "c", 90, 90)));
        Assert.Null(Next(Member(1, "a", 100, 100), Member(2, "b", 100, 100), Member(3, "c", 90, 90)));
    }

    [Fact]
    public void A_little_is_not_worth_it_until_the_quota_is_near()
    {
        Assert.Null(Next(Member(1, "a", 90, 10)));
        Assert.Null(Next(Member(1, "a", 700, 500)));
        Assert.Equal("a", Next(Member(1, "a", 760, 600)));
        Assert.Null(Next(Member(1, "a", 760, 700)));
    }

    [Fact]
    public void Nobody_is_held_up_while_another_is_missing() =>
        Assert.Null(Next(Member(1, "a", 600, 100), Member(2, "b", 600, 100), Member(3, "c", 0, 0) with { Status = null, Problem = "does not answer" }));

    private static string? Next(params EtcdMember[] members) => Defragmentation.Next(new ClusterReport(members), Options)?.Name;

    private static EtcdMember Member(ulong id, string name, long database, long inUse) =>
        new(id, name, [], [], IsLearner: false) { Status = new MemberStatus("3.4.23", Leader: 1, 1, database * Mebibyte, inUse * Mebibyte) };
}
