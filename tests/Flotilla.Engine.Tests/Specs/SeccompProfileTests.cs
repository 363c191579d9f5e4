using System.Text.Json.Nodes;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Tests.Specs;

public sealed class SeccompProfileTests
{
    [Fact]
    public void What_is_not_named_is_not_permitted()
    {
        var profile = SeccompProfile.For([]);
        Assert.Equal(("SCMP_ACT_ERRNO", (int?)1), ((string?)profile["defaultAction"], (int?)profile["defaultErrnoRet"]));
        Assert.DoesNotContain(Rules(profile), rule => Names(rule).Intersect(["mount", "unshare", "bpf", "reboot", "keyctl", "add_key", "userfaultfd", "io_uring_setup", "swapon", "chroot", "init_module", "ustat"]).Any());
    }

    [Theory]
    [InlineData("CAP_SYS_ADMIN", "mount")]
    [InlineData("CAP_SYS_ADMIN", "clone3")]
    [InlineData("CAP_SYS_CHROOT", "chroot")]
    [InlineData("CAP_SYS_TIME", "clock_settime")]
    [InlineData("CAP_BPF", "bpf")]
    public void A_capability_opens_what_it_stands_for(string capability, string call)
    {
        Assert.False(IsOpen(SeccompProfile.For([]), call));
        Assert.True(IsOpen(SeccompProfile.For([capability]), call));
    }

    [Theory]
    [InlineData("read")]
    [InlineData("openat")]
    [InlineData("execve")]
    [InlineData("futex")]
    [InlineData("epoll_pwait2")]
    [InlineData("ptrace")]
    public void Programs_live_by_the_common_calls(string call) => Assert.True(IsOpen(SeccompProfile.For([]), call));

    [Fact]
    public void New_namespaces_need_the_administrators_capability()
    {
        var clone = Assert.Single(Rules(SeccompProfile.For([])), rule => Names(rule).Contains("clone"));
        Assert.Equal(((long?)0x7E020000, "SCMP_CMP_MASKED_EQ"), ((long?)clone["args"]![0]!["value"], (string?)clone["args"]![0]!["op"]));
        var clone3 = Assert.Single(Rules(SeccompProfile.For([])), rule => Names(rule).Contains("clone3"));
        Assert.Equal(("SCMP_ACT_ERRNO", (int?)38), ((string?)clone3["action"], (int?)clone3["errnoRet"]));
        Assert.True(IsOpen(SeccompProfile.For(["CAP_SYS_ADMIN"]), "clone"));
    }

    [Fact]
    public void No_call_is_in_two_groups_of_the_common_ones() => Assert.Equal(SystemCalls.Common.Count, SystemCalls.Common.Distinct(StringComparer.Ordinal).Count());

    [Fact]
    public void What_a_capability_opens_is_closed_without_it() =>
        Assert.Empty(SystemCalls.ByCapability.SelectMany(group => group.Value).Intersect(SystemCalls.Common));

    private static IEnumerable<JsonNode> Rules(JsonObject profile) => profile["syscalls"]!.AsArray()!;

    private static IEnumerable<string> Names(JsonNode rule) => rule["names"]!.AsArray().Select(name => (string)name!);

    private static bool IsOpen(JsonObject profile, string call) => Rules(profile).Any(rule => (string?)rule["action"] == "SCMP_ACT_ALLOW" && rule["args"] is null && Names(rule).Contains(call));
}
