using System.Text;
using Flotilla.Docker;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Tests.Streams;

public sealed class DetachKeysTests
{
    [Theory]
    [InlineData(null, "abc", "abc", false)]
    [InlineData(null, "ab\u0010\u0011c", "ab", true)]
    [InlineData(null, "\u0010x", "\u0010x", false)]
    [InlineData(null, "\u0010\u0010\u0011", "\u0010", true)]
    [InlineData(null, "\u0011", "\u0011", false)]
    [InlineData("ctrl-a,d", "x\u0001d", "x", true)]
    [InlineData("ctrl-a,d", "\u0001\u0010", "\u0001\u0010", false)]
    [InlineData("q", "abq", "ab", true)]
    [InlineData("ctrl-@", "\0", "", true)]
    public void What_belongs_to_the_keys_does_not_reach_the_process(string? keys, string typed, string passed, bool leaves)
    {
        var taken = DetachKeys.Parse(keys).Take(Encoding.ASCII.GetBytes(typed));
        Assert.Equal((passed, leaves), (Encoding.ASCII.GetString(taken.Passed), taken.IsLeaving));
    }

    [Fact]
    public void Keys_may_come_one_by_one()
    {
        var keys = DetachKeys.Parse("");
        Assert.Empty(keys.Take([16]).Passed);
        Assert.True(keys.Take([17]).IsLeaving);
    }

    [Theory]
    [InlineData("ctrl-1")]
    [InlineData("ab")]
    [InlineData("ctrl-p,")]
    public void Other_names_are_refused(string keys) => Assert.Equal(400, Assert.Throws<DockerException>(() => DetachKeys.Parse(keys)).Code);
}
