using Flotilla.Ingress.Gateways;

namespace Flotilla.Ingress.Tests.Gateways;

public sealed class HostNamesTests
{
    [Theory]
    [InlineData(null, "a.test", "a.test")]
    [InlineData("a.test", "a.test", "a.test")]
    [InlineData("a.test", "b.test", null)]
    [InlineData("*.a.test", "x.y.a.test", "x.y.a.test")]
    [InlineData("*.a.test", "a.test", null)]
    [InlineData("x.a.test", "*.a.test", "x.a.test")]
    [InlineData("*.a.test", "*.b.a.test", "*.b.a.test")]
    [InlineData("*.b.a.test", "*.a.test", "*.b.a.test")]
    public void The_more_specific_name_remains(string? listener, string route, string? expected) =>
        Assert.Equal(expected is null ? [] : [expected], HostNames.Intersection(listener, [route]));

    [Fact]
    public void A_route_without_names_takes_those_of_the_listener()
    {
        Assert.Equal(["a.test"], HostNames.Intersection("a.test", []));
        Assert.Equal([""], HostNames.Intersection(null, []));
    }

    [Theory]
    [InlineData("1h30m", 5400.0)]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10.0)]
    [InlineData("0s", null)]
    [InlineData("10", null)]
    [InlineData(null, null)]
    public void Durations_are_read(string? text, double? seconds) => Assert.Equal(seconds, Durations.Parse(text)?.TotalSeconds);
}
