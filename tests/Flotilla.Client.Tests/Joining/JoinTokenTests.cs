using Flotilla.Client.Joining;

namespace Flotilla.Client.Tests.Joining;

public sealed class JoinTokenTests
{
    private static readonly string Hash = new('a', 64);

    [Fact]
    public void A_token_is_read_as_it_was_written()
    {
        var token = JoinToken.Create(Hash);
        Assert.Equal(token, JoinToken.Parse($" {token}\n"));
        Assert.Matches("^FLOTILLA1a{64}::[a-z0-9]{6}\\.[a-z0-9]{16}$", token.ToString());
        Assert.Equal($"{token.Id}.{token.Secret}", token.Bearer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abcdef.0123456789abcdef")]
    [InlineData("FLOTILLA1aaaa::abcdef.0123456789abcdef")]
    public void Anything_else_is_no_token(string text) => Assert.Null(JoinToken.Parse(text));

    [Fact]
    public void A_token_that_lost_a_letter_is_no_token() => Assert.Null(JoinToken.Parse(JoinToken.Create(Hash).ToString()[..^1]));
}
