using Flotilla.Swarm.Swarms;

namespace Flotilla.Swarm.Tests.Swarms;

public sealed class UnlockKeyTests
{
    [Fact]
    public void A_new_key_has_Swarms_form_and_is_read_again()
    {
        var text = UnlockKey.Create();

        Assert.Matches("^SWMKEY-1-[A-Za-z0-9+/]{43}$", text);
        Assert.Equal(32, UnlockKey.Parse(text)!.Value.Length);
        Assert.NotEqual(text, UnlockKey.Create());
    }

    [Theory]
    [InlineData("")]
    [InlineData("SWMKEY-1-")]
    [InlineData("SWMKEY-2-fySn8TY4w5lKcWcJPIpKufejh9hxx5KYwx6XZigx3Q4")]
    [InlineData("fySn8TY4w5lKcWcJPIpKufejh9hxx5KYwx6XZigx3Q4")]
    [InlineData("SWMKEY-1-fySn8TY4w5lKcWcJPIpKufejh9hxx5KYwx6XZigx3Q4=")]
    [InlineData("SWMKEY-1-not base 64!")]
    public void Anything_else_is_no_key(string text) => Assert.Null(UnlockKey.Parse(text));
}
