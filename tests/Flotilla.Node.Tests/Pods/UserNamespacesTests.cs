using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Tests.Pods;

public sealed class UserNamespacesTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-users-");

    public UserNamespacesTests() => Directory.CreateDirectory(Options().PodsDirectory);

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Who_does_not_ask_has_the_users_of_the_machine()
    {
        var users = Users();
        Assert.Equal(NamespaceMode.Node, users.Of(Pod("a", hostUsers: null)).Mode);
        Assert.Equal(NamespaceMode.Node, users.Of(Pod("a", hostUsers: true)).Mode);
    }

    [Fact]
    public void No_two_pods_share_a_range()
    {
        var users = Users();
        var (first, second) = (users.Of(Pod("a")), users.Of(Pod("b")));
        Assert.Equal(NamespaceMode.Pod, first.Mode);
        Assert.Equal(new IDMapping { HostId = 65536, ContainerId = 0, Length = 65536 }, Assert.Single(first.Uids));
        Assert.Equal(first.Uids, first.Gids);
        Assert.Equal(131072u, Assert.Single(second.Uids).HostId);
    }

    [Fact]
    public void A_pod_keeps_its_range_when_the_agent_is_started_again()
    {
        Users().Of(Pod("a"));
        var second = Users().Of(Pod("b"));
        Assert.Equal(second, Users().Of(Pod("b")));
    }

    [Fact]
    public void A_range_is_free_again_when_its_pod_is_gone()
    {
        var users = Users();
        users.Of(Pod("a"));
        users.Of(Pod("b"));
        Directory.Delete(Path.Combine(Options().PodsDirectory, "a"), recursive: true);
        Assert.Equal(65536u, users.Of(Pod("c")).Uids[0].HostId);
        Assert.Equal(196608u, users.Of(Pod("d")).Uids[0].HostId);
    }

    [Fact]
    public void There_are_no_more_than_pods_that_the_node_may_run()
    {
        var users = Users();
        users.Of(Pod("a"));
        users.Of(Pod("b"));
        users.Of(Pod("c"));
        Assert.Equal("all 3 user namespaces of this node are in use", Assert.Throws<UnsupportedException>(() => users.Of(Pod("d"))).Message);
    }

    [Fact]
    public void The_machine_may_say_which_ids_are_for_pods()
    {
        Give("root:65536:65536\nkubelet:655360:131072\n");
        var users = Users();
        Assert.Equal([655360u, 720896u], [users.Of(Pod("a")).Uids[0].HostId, users.Of(Pod("b")).Uids[0].HostId]);
        Assert.Equal("all 2 user namespaces of this node are in use", Assert.Throws<UnsupportedException>(() => users.Of(Pod("c"))).Message);
    }

    [Theory]
    [InlineData("kubelet:0:65536\n", "gives kubelet those from 0 on")]
    [InlineData("kubelet:100000:65536\n", "gives kubelet those from 100000 on")]
    [InlineData("kubelet:65536:many\n", "\"kubelet:65536:many\" does not name a user, a first id and a number of ids")]
    [InlineData("kubelet:65536:65536\nkubelet:262144:65536\n", "must give kubelet one range, and the same")]
    public void Ids_that_cannot_be_used_are_told(string ids, string fault)
    {
        Give(ids);
        Assert.Contains(fault, Assert.Throws<UnsupportedException>(() => Users().Of(Pod("a"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_range_of_all_ids_can_be_given()
    {
        Give("kubelet:4294901760:65535\n");
        Assert.Throws<UnsupportedException>(() => Users().Of(Pod("a")));
        Give("kubelet:4294836224:131071\n");
        Assert.Equal(4294836224u, Users().Of(Pod("a")).Uids[0].HostId);
        Assert.Throws<UnsupportedException>(() => Users().Of(Pod("b")));
    }

    private static V1Pod Pod(string uid, bool? hostUsers = false) =>
        new() { Metadata = new V1ObjectMeta { Name = uid, NamespaceProperty = "default", Uid = uid }, Spec = new V1PodSpec { HostUsers = hostUsers } };

    private UserNamespaces Users() => new(Options());

    private NodeOptions Options() => new()
    {
        NodeName = "node",
        DataDirectory = directory.FullName,
        MaxPods = 3,
        SubordinateUids = Path.Combine(directory.FullName, "subuid"),
        SubordinateGids = Path.Combine(directory.FullName, "subgid"),
    };

    private void Give(string ids)
    {
        File.WriteAllText(Options().SubordinateUids, ids);
        File.WriteAllText(Options().SubordinateGids, ids);
    }
}
