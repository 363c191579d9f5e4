using Flotilla.Node.Joining;

namespace Flotilla.Node.Tests.Joining;

public sealed class VersionSkewTests
{
    [Theory]
    [InlineData("v1.36.2", null)]
    [InlineData("v1.39.0", null)]
    [InlineData("v1.35.9", "The server (v1.35.9) is older than this agent (v1.36.2); upgrade the servers first, or use an agent of the server's version.")]
    [InlineData("v1.40.0", "The server (v1.40.0) is too new for this agent (v1.36.2), which may be 3 minor versions behind at most; upgrade the agent.")]
    [InlineData(null, "What answers there is of the version '', which is none of Kubernetes; check --server.")]
    public void A_server_may_be_newer_by_some_versions_and_never_older(string? server, string? problem) =>
        Assert.Equal(problem, VersionSkew.Problem(server, "v1.36.2"));

    [Theory]
    [InlineData("v1.36.2+flotilla.0.3.0", null)]
    [InlineData("v1.36.2+flotilla.0.3.9", null)]
    [InlineData("v1.37.0+flotilla.0.4.0-rc.1", null)]
    [InlineData("v1.36.2", null)]
    [InlineData("v1.36.2+flotilla.0.2.7", "is older than this agent (v1.36.2+flotilla.0.3.1)")]
    [InlineData("v1.36.2+flotilla.0.5.0", "which may be 1 minor version behind at most")]
    [InlineData("v1.36.2+flotilla.1.0.0", null)]
    [InlineData("v1.36.2+flotilla.1.1.0", "which may be 1 minor version behind at most")]
    public void Of_flotilla_itself_it_may_be_newer_by_one(string server, string? problem)
    {
        var found = VersionSkew.Problem(server, "v1.36.2+flotilla.0.3.1");
        Assert.Equal(problem is null, found is null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
    }
}
