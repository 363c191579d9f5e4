using Flotilla.Api.Quantities;

namespace Flotilla.Api.Tests.Quantities;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0.5", "500m")]
    [InlineData("1000m", "1")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0", "0")]
    [InlineData("2e3", "2e3")]
    [InlineData("1000k", "1M")]
    [InlineData("-1", "-1")]
    [InlineData("0.0000000001", "1n")]
    [InlineData("12E", "12E")]
    public void Writes_the_canonical_form(string text, string canonical) => Assert.Equal(canonical, Quantity.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("1 Gi")]
    [InlineData("1.2.3")]
    [InlineData("Gi")]
    [InlineData("1gi")]
    public void Refuses_what_is_no_quantity(string text)
    {
        Assert.False(Quantity.TryParse(text, out _, out var error));
        Assert.StartsWith("quantities must match the regular expression", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Compares_across_suffixes()
    {
        Assert.True(Quantity.Parse("1Gi") > Quantity.Parse("1G"));
        Assert.True(Quantity.Parse("1") == Quantity.Parse("1000m"));
        Assert.Equal("1100m", (Quantity.Parse("100m") + Quantity.Parse("1")).ToString());
    }
}
