using Flotilla.Engine.Volumes.Local;

namespace Flotilla.Engine.Tests.Volumes.Local;

/// <summary>The words are those of dockerd 20.10 and 28.</summary>
public sealed class LocalOptionsTests
{
    [Theory]
    [InlineData("foo=x", "invalid option: \"foo\"")]
    [InlineData("type=nfs", "missing required option: \"device\"")]
    [InlineData("device=/x", "missing required option: \"type\"")]
    [InlineData("o=size=1m", "missing required option: \"device\"")]
    [InlineData("o=bind device=/x", "missing required option: \"type\"")]
    [InlineData("size=1m", "quota size requested but no quota support")]
    [InlineData("size=much", "invalid size: 'much'")]
    [InlineData("size=-1", "invalid size: '-1'")]
    [InlineData("type=cifs device=//server:445/share", "port not allowed in CIFS device URL, include 'port' in 'o='")]
    public void Tells_what_is_wrong_as_dockerd_does(string options, string fault) => Assert.Equal(fault, LocalOptions.Fault(Read(options)));

    [Theory]
    [InlineData("", false)]
    [InlineData("size=0", false)]
    [InlineData("type=tmpfs device=tmpfs", true)]
    [InlineData("type=none o=bind device=/srv/x", true)]
    [InlineData("type=nfs o=addr=10.0.0.5,rw device=:/export", true)]
    [InlineData("type=cifs device=//server/share o=port=445", true)]
    public void Knows_which_ask_for_a_file_system(string options, bool asks)
    {
        Assert.Null(LocalOptions.Fault(Read(options)));
        Assert.Equal(asks, LocalOptions.AskForMount(Read(options)));
    }

    internal static Dictionary<string, string> Read(string options) =>
        options.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
