using System.Numerics;
using Flotilla.Api.GoTypes;

namespace Flotilla.Api.Tests.GoTypes;

public sealed class GoQuantityTests
{
    [Theory]
    [InlineData("0", "0", 0, "0", "DecimalSI")]
    [InlineData("500m", "500", -3, "500m", "DecimalSI")]
    [InlineData("2", "2", 0, "2", "DecimalSI")]
    [InlineData("1500M", "1500", 6, "1500M", "DecimalSI")]
    [InlineData("-5k", "-5", 3, "-5k", "DecimalSI")]
    [InlineData("1e3", "1", 3, "1e3", "DecimalExponent")]
    [InlineData("170Mi", "178257920", 0, "170Mi", "BinarySI")]
    [InlineData("1Gi", "1073741824", 0, "1Gi", "BinarySI")]
    public void Small_amounts_keep_their_canonical_text(string text, string value, int scale, string kept, string format) =>
        Assert.Equal(new GoQuantity(BigInteger.Parse(value, null), scale, false, kept, format), GoQuantity.Parse(text));

    /// <summary>A multiple of eight might be written shorter, so the text is not kept.</summary>
    [Theory]
    [InlineData("128Mi", "134217728", 0, "BinarySI")]
    [InlineData("1000", "1000", 0, "DecimalSI")]
    [InlineData("0.5", "5", -1, "DecimalSI")]
    public void Amounts_that_may_have_a_shorter_form_do_not(string text, string value, int scale, string format) =>
        Assert.Equal(new GoQuantity(BigInteger.Parse(value, null), scale, false, "", format), GoQuantity.Parse(text));

    [Theory]
    [InlineData("1Pi", "1125899906842624000000000", 9, "BinarySI")]
    [InlineData("1.5Gi", "1610612736000000000", 9, "BinarySI")]
    [InlineData("0.5Ki", "512000000000", 9, "BinarySI")]
    [InlineData("1234567890123456789", "1234567890123456789000000000", 9, "DecimalSI")]
    [InlineData("16Ei", "9223372036854775807", 0, "BinarySI")]
    public void Large_amounts_are_arbitrary_decimals(string text, string value, int scale, string format) =>
        Assert.Equal(new GoQuantity(BigInteger.Parse(value, null), scale, true, "", format), GoQuantity.Parse(text));
}
