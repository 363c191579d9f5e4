using System.Runtime.InteropServices;
using Flotilla.Docker;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Tests.Specs;

public sealed class GivenSeccompProfileTests
{
    [Fact]
    public void The_last_option_with_a_text_counts()
    {
        Assert.Equal("{}", GivenSeccompProfile.Of(["no-new-privileges", "seccomp={}"]));
        Assert.Equal("{}", GivenSeccompProfile.Of(["seccomp:{}"]));
        Assert.Null(GivenSeccompProfile.Of(["seccomp={}", "seccomp=unconfined"]));
        Assert.Null(GivenSeccompProfile.Of(["seccomp=builtin"]));
    }

    [Fact]
    public void Rules_for_other_capabilities_machines_and_kernels_are_left_out()
    {
        const string text = """
            {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},{"architecture":"SCMP_ARCH_AARCH64"}],"syscalls":[
             {"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}],"comment":"gone"},
             {"name":"b","action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
             {"names":["c"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}},
             {"names":["d"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["arm64"]}},
             {"names":["e"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"6.1"}},
             {"names":["f"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"},"excludes":{"arches":["s390x"]}}]}
            """;
        Assert.Equal(
            """{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[{"names":["a"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},{"names":["b"],"action":"SCMP_ACT_ALLOW"},{"names":["f"],"action":"SCMP_ACT_ALLOW"}]}""",
            GivenSeccompProfile.Parse(text, ["CAP_SYS_ADMIN"], Architecture.X64, new Version(5, 10))!.ToJsonString());
    }

    [Fact]
    public void An_empty_profile_restricts_nothing() => Assert.Null(GivenSeccompProfile.Parse("{}", [], Architecture.X64, new Version(6, 1)));

    [Theory]
    [InlineData("{", "Decoding seccomp profile failed: ")]
    [InlineData("[]", "Decoding seccomp profile failed: it is no JSON object")]
    [InlineData("""{"defaultAction":"a","architectures":["x"],"archMap":[{}]}""", "both 'architectures' and 'archMap' are specified")]
    [InlineData("""{"syscalls":[{"name":"a","names":["b"]}]}""", "both 'name' and 'names' are specified")]
    [InlineData("""{"syscalls":[{"action":"a"}]}""", "a rule of the seccomp profile has no 'names'")]
    [InlineData("""{"syscalls":[{"name":"a","includes":{"minKernel":"x"}}]}""", "invalid kernel version 'x'")]
    public void What_is_no_profile_is_refused(string text, string reason)
    {
        var refused = Assert.Throws<DockerException>(() => GivenSeccompProfile.Parse(text, [], Architecture.X64, new Version(6, 1)));
        Assert.Equal(400, refused.Code);
        Assert.StartsWith(reason, refused.Message, StringComparison.Ordinal);
    }
}
