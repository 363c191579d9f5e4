using Flotilla.Engine.Containers;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Tests.Networks;

public sealed class PortTableTests
{
    [Fact]
    public void Every_port_leads_to_its_container_from_where_it_was_published()
    {
        var script = PortTable.Script("t", [Network("n1", "fe-1", "172.18.0.0/16", isInternal: false)], [new(new PortRecord(80, "tcp", "", 8080), "172.18.0.2"), new(new PortRecord(53, "udp", "127.0.0.1", 5353), "172.18.0.3")]);
        Assert.Contains("tcp . 8080 : 172.18.0.2 . 80", script, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1 . udp . 5353 : 172.18.0.3 . 53", script, StringComparison.Ordinal);
    }

    [Fact]
    public void One_in_a_network_of_the_swarm_hears_the_machines_loopback_and_itself()
    {
        var script = PortTable.Script("t", [], [new(new PortRecord(80, "tcp", "", 8080), "10.244.0.6", IsSwarms: true)]);
        Assert.Contains("tcp . 8080 : 10.244.0.6 . 80", script, StringComparison.Ordinal);
        Assert.Contains("ip daddr 10.244.0.6 ct status dnat ip saddr 127.0.0.0/8 masquerade", script, StringComparison.Ordinal);
        Assert.Contains("ip daddr 10.244.0.6 ct status dnat ip saddr 10.244.0.6 masquerade", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_do_not_reach_each_other_and_an_internal_one_reaches_nothing()
    {
        var script = PortTable.Script("t", [Network("n1", "fe-1", "172.18.0.0/16", isInternal: false), Network("n2", "fe-2", "172.19.0.0/16", isInternal: true)], []);
        Assert.Contains("iifname \"fe-1\" oifname { \"fe-2\" } drop", script, StringComparison.Ordinal);
        Assert.Contains("iifname \"fe-2\" oifname != \"fe-2\" drop", script, StringComparison.Ordinal);
        Assert.Contains("ip saddr 172.18.0.0/16 oifname != \"fe-1\" masquerade", script, StringComparison.Ordinal);
        Assert.DoesNotContain("ip saddr 172.19.0.0/16 oifname", script, StringComparison.Ordinal);
    }

    private static NetworkRecord Network(string name, string bridge, string subnet, bool isInternal) => new() { Id = name, Name = name, Driver = "bridge", Bridge = bridge, Subnet = subnet, IsInternal = isInternal };
}
