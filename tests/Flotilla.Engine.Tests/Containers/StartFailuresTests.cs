using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Tests.Containers;

public sealed class StartFailuresTests
{
    [Theory]
    [InlineData("unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown", 127)]
    [InlineData("OCI runtime create failed: executable file `nosuch` not found in $PATH: No such file or directory: unknown", 127)]
    [InlineData("unable to start container process: exec: \"/nosuch\": stat /nosuch: no such file or directory: unknown", 127)]
    [InlineData("unable to start container process: exec: \"/etc\": permission denied: unknown", 126)]
    [InlineData("unable to find user nobody: no matching entries in passwd file", 126)]
    [InlineData("cgroup: device or resource busy", 128)]
    public void The_runtimes_words_have_a_shells_codes(string said, int code) => Assert.Equal(code, StartFailures.ExitCode(said));
}
