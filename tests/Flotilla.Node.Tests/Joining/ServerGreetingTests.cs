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

    [Theory]
    [InlineData("v1.36.2", null)]
    [InlineData("v1.39.0", null)]
    [InlineData("v1.35.9", "The server (v1.35.9) is older than this agent (v1.36.2); upgrade the servers first, or use an agent of the server's version.")]
    [InlineData("v1.40.0", "The server (v1.40.0) is too new for this agent (v1.36.2), which may be 3 minor versions behind at most; upgrade the agent.")]
    [InlineData(null, "What answers there is of the version '', which is none of Kubernetes; check --server.")]
    public void A_server_may_be_newer_by_some_versions_and_never_older(string? server, string? problem) =>
        Assert.Equal(problem, ServerGreeting.VersionProblem(server, "v1.36.2"));
}
