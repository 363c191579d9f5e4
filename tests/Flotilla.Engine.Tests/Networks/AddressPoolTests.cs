using System.Net;
using Flotilla.Engine.Networks;

namespace Flotilla.Engine.Tests.Networks;

public sealed class AddressPoolTests
{
    [Fact]
    public void The_next_subnet_meets_none_that_is_taken()
    {
        Assert.Equal("172.17.0.0/16", AddressPool.NextSubnet([])?.ToString());
        Assert.Equal("172.20.0.0/16", AddressPool.NextSubnet([IPNetwork.Parse("172.17.3.0/24"), IPNetwork.Parse("172.18.0.0/15")])?.ToString());
        Assert.Equal("192.168.0.0/20", AddressPool.NextSubnet([IPNetwork.Parse("172.16.0.0/12")])?.ToString());
        Assert.Null(AddressPool.NextSubnet([IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16")]));
    }

    [Theory]
    [InlineData("10.0.0.0/30", "10.0.0.0/30", "10.0.0.1", "10.0.0.2")]
    [InlineData("10.0.0.0/24", "10.0.0.128/25", "", "10.0.0.128")]
    [InlineData("10.0.0.0/24", "10.0.0.128/25", "10.0.0.128,10.0.0.129", "10.0.0.130")]
    [InlineData("10.0.0.0/30", "10.0.0.0/30", "10.0.0.1,10.0.0.2", null)]
    [InlineData("10.0.0.0/24", "10.0.0.254/31", "10.0.0.254", null)]
    public void The_next_address_is_neither_taken_nor_everybodys(string subnet, string range, string taken, string? next) =>
        Assert.Equal(next, AddressPool.NextAddress(IPNetwork.Parse(subnet), IPNetwork.Parse(range), taken.Split(',').ToHashSet())?.ToString());
}
