using Flotilla.Node.Joining;

namespace Flotilla.Node.Tests.Joining;

public sealed class ServerGreetingTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Clocks_that_differ_a_little_do_not_matter()
    {
        Assert.Null(ServerGreeting.SkewProblem(Now + TimeSpan.FromMinutes(3), Now));
        Assert.Null(ServerGreeting.SkewProblem(null, Now));
    }

    [Fact]
    public void Clocks_that_differ_much_are_told_with_the_difference()
    {
        Assert.Equal(
            "This machine's clock (2030-01-01 12:00:00Z) is 1.02:00:00 behind the server's (2030-01-02 14:00:00Z), so no certificate would be valid; set the clock, for example with NTP, and try again.",
            ServerGreeting.SkewProblem(Now + TimeSpan.FromHours(26), Now));
        Assert.Contains("ahead of the server's", ServerGreeting.SkewProblem(Now - TimeSpan.FromHours(1), Now), StringComparison.Ordinal);
    }
}
