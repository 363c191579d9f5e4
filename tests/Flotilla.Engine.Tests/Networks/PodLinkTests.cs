using System.Net;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Tests.Networks;

public sealed class PodLinkTests
{
    private const string Addresses = """
        [{"ifname":"eth0","addr_info":[{"family":"inet","local":"10.244.1.7","prefixlen":24,"scope":"global"},{"family":"inet6","local":"fd00::7","prefixlen":64,"scope":"global"},{"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]}]
        """;

    [Fact]
    public void What_is_lost_on_the_way_is_made_again_under_its_new_name()
    {
        var link = PodLink.Parse(Addresses, """[{"dst":"default","gateway":"10.244.1.1","dev":"eth0"}]""", """[{"dst":"default","gateway":"fd00::1","dev":"eth0"}]""");
        Assert.Equal("10.244.1.1", link.Gateway);
        Assert.Equal(
            "addr add 10.244.1.7/24 dev eth2\naddr add fd00::7/64 dev eth2 nodad\nlink set eth2 up\nroute replace 10.244.0.0/16 via 10.244.1.1 dev eth2\nroute replace fd00::/56 via fd00::1 dev eth2\nroute replace default via fd00::1 dev eth2\n",
            link.Script("eth2", [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00::/56")]));
    }

    [Fact]
    public void Without_a_second_family_nothing_is_said_of_it()
    {
        var link = PodLink.Parse("[]", "[]", "");
        Assert.Equal("link set eth0 up\n", link.Script("eth0", [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00::/56")]));
    }

    [Fact]
    public void The_loopback_is_no_link_of_a_network() =>
        Assert.Equal(["eth0", "eth3"], PodLink.Names("""[{"ifname":"lo"},{"ifname":"eth0"},{"ifname":"tun0"},{"ifname":"eth3"}]"""));
}
