using System.Net;
using System.Net.Sockets;
using Flotilla.Controllers.LoadBalancers;

namespace Flotilla.Controllers.Tests.LoadBalancers;

public sealed class AddressPoolTests
{
    [Theory]
    [InlineData("10.0.0.1-10.0.0.3", "10.0.0.1 10.0.0.2 10.0.0.3")]
    [InlineData("10.0.0.8/30", "10.0.0.8 10.0.0.9 10.0.0.10 10.0.0.11")]
    [InlineData("10.0.0.1, 10.0.0.255-10.0.1.0", "10.0.0.1 10.0.0.255 10.0.1.0")]
    [InlineData("255.255.255.254/31", "255.255.255.254 255.255.255.255")]
    public void Addresses_are_given_from_the_lowest_on_until_all_are_taken(string text, string expected)
    {
        var pool = AddressPool.Parse(text);
        var taken = new List<string>();
        while (pool.Next(AddressFamily.InterNetwork, address => !taken.Contains(address.ToString())) is { } next)
        {
            Assert.True(pool.Contains(next));
            taken.Add(next.ToString());
        }

        Assert.Equal(expected.Split(' '), taken);
    }

    [Fact]
    public void Families_are_kept_apart()
    {
        var pool = AddressPool.Parse("fd00::100-fd00::1ff,10.0.0.7");

        Assert.Equal("fd00::100", pool.Next(AddressFamily.InterNetworkV6, _ => true)?.ToString());
        Assert.Equal("10.0.0.7", pool.Next(AddressFamily.InterNetwork, _ => true)?.ToString());
        Assert.False(pool.Contains(IPAddress.Parse("::10.0.0.7")));
    }

    [Theory]
    [InlineData("10.0.0.9-10.0.0.1")]
    [InlineData("10.0.0.1-fd00::1")]
    [InlineData("10.0.0.0/33")]
    [InlineData("pool")]
    public void What_is_no_range_is_refused(string text) => Assert.Contains(text, Assert.Throws<FormatException>(() => AddressPool.Parse(text)).Message, StringComparison.Ordinal);
}
