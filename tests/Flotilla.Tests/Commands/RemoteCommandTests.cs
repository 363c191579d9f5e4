using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Commands;

namespace Flotilla.Tests.Commands;

public sealed class RemoteCommandTests
{
    [Theory]
    [InlineData("""{"status":"Success"}""", 0)]
    [InlineData("""{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}""", 3)]
    public void The_exit_code_is_the_commands(string status, int code) => Assert.Equal(code, RemoteCommand.ExitCode(JsonNode.Parse(status)!.AsObject()));

    [Fact]
    public void A_command_that_did_not_run_says_why() =>
        Assert.Equal("no such file", Assert.Throws<ApiException>(() => RemoteCommand.ExitCode(JsonNode.Parse("""{"status":"Failure","reason":"InternalError","message":"no such file"}""")!.AsObject())).Message);
}
