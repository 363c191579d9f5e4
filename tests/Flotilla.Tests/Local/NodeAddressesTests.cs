using System.Net;
using Flotilla.Composition;
using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class NodeAddressesTests
{
    private const string Both = "10.244.0.0/16,fd00:10:244::/56";

    [Theory]
    [InlineData(null, "10.244.0.0/16")]
    [InlineData("10.0.0.2", "10.244.0.0/16")]
    [InlineData("10.0.0.2", Both)]
    [InlineData("fd00::2,10.0.0.2", Both)]
    public void One_address_or_one_of_each_family_will_do(string? text, string pods) => NodeAddresses.Validate(text, pods);

    [Theory]
    [InlineData("10.0.0", "10.244.0.0/16", "--node-ip 10.0.0 must be an address like 10.0.0.2, or one of each family like 10.0.0.2,fd00::2.")]
    [InlineData("10.0.0.2,10.0.0.3", Both, "--node-ip 10.0.0.2,10.0.0.3 must be an address like 10.0.0.2, or one of each family like 10.0.0.2,fd00::2.")]
    [InlineData("127.0.0.1", "10.244.0.0/16", "--node-ip 127.0.0.1: others cannot reach a node there.")]
    [InlineData("fd00::2", "10.244.0.0/16", "--node-ip fd00::2: the cluster has no addresses of that family (--pod-cidr 10.244.0.0/16).")]
    public void Others_are_refused_with_the_reason(string text, string pods, string why) =>
        Assert.Equal(why, Assert.Throws<UserError>(() => NodeAddresses.Validate(text, pods)).Message);

    [Fact]
    public void An_address_must_be_the_machines()
    {
        NodeAddresses.CheckThere("10.0.0.2", [IPAddress.Parse("10.0.0.2")]);
        var refused = Assert.Throws<UserError>(() => NodeAddresses.CheckThere("10.0.0.3", [IPAddress.Parse("10.0.0.2")]));
        Assert.Equal("--node-ip 10.0.0.3: this machine has no such address; it has 10.0.0.2.", refused.Message);
    }

    [Fact]
    public void The_node_and_its_server_are_reached_there()
    {
        var settings = new ClusterSettings { RunDirectory = "/run", NodeIp = "fd00::2,10.0.0.2", PodCidr = Both };
        Assert.Equal(["10.0.0.2", "fd00::2"], MachineAddresses.OfNode(settings).Select(address => address.ToString()));
        Assert.Equal("10.0.0.2", MachineAddresses.OfServer(settings).ToString());
    }
}
