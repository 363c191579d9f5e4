using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Tests.Routing;

public sealed class HostTableTests
{
    private static readonly Dictionary<string, string> Hosts = new()
    {
        ["a.example.com"] = "exact", ["*.example.com"] = "wildcard", ["*.b.example.com"] = "longer wildcard", [""] = "any",
    };

    [Theory]
    [InlineData("a.example.com", "exact")]
    [InlineData("A.Example.COM", "exact")]
    [InlineData("x.example.com", "wildcard")]
    [InlineData("x.b.example.com", "longer wildcard")]
    [InlineData("example.com", "any")]
    [InlineData("", "any")]
    public void The_most_specific_name_wins(string host, string expected)
    {
        Assert.Equal(expected, new HostTable<string>(Hosts, manyLabels: false).Find(host));
        Assert.Equal(expected, new HostTable<string>(Hosts, manyLabels: true).Find(host));
    }

    [Fact]
    public void A_wildcard_of_an_Ingress_stands_for_one_label_and_one_of_a_Gateway_for_many()
    {
        Assert.Equal("any", new HostTable<string>(Hosts, manyLabels: false).Find("x.y.example.com"));
        Assert.Equal("wildcard", new HostTable<string>(Hosts, manyLabels: true).Find("x.y.example.com"));
        Assert.Equal("longer wildcard", new HostTable<string>(Hosts, manyLabels: true).Find("x.y.b.example.com"));
    }

    [Fact]
    public void Who_does_not_want_a_request_leaves_it_to_the_less_specific()
    {
        var table = new HostTable<string>(Hosts, manyLabels: true);
        List<string> asked = [];
        Assert.Null(table.Find("x.b.example.com", asked, static (value, asked) => Remember(asked, value)));
        Assert.Equal(["longer wildcard", "wildcard", "any"], asked);
    }

    private static string? Remember(List<string> asked, string value)
    {
        asked.Add(value);
        return null;
    }
}
