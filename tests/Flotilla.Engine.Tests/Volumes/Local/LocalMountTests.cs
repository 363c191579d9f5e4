using System.Net;
using System.Net.Sockets;
using Flotilla.Engine.Volumes.Local;

namespace Flotilla.Engine.Tests.Volumes.Local;

public sealed class LocalMountTests
{
    private readonly LocalMount mount = new((name, _) => name == "server"
        ? Task.FromResult<IPAddress[]>([IPAddress.Parse("fd00::5"), IPAddress.Parse("10.0.0.5")])
        : throw new SocketException((int)SocketError.HostNotFound));

    [Theory]
    [InlineData("type=nfs device=:/export o=addr=server,rw", ":/export", "addr=10.0.0.5,rw")]
    [InlineData("type=nfs device=:/export o=rw,addr=10.0.0.9", ":/export", "rw,addr=10.0.0.9")]
    [InlineData("type=cifs device=//server/share o=username=me", "//10.0.0.5/share", "username=me")]
    [InlineData("type=cifs device=//10.0.0.9/share", "//10.0.0.9/share", "")]
    [InlineData("type=ext4 device=/dev/x o=addr=server", "/dev/x", "addr=server")]
    public async Task The_kernel_is_told_addresses(string options, string device, string told) =>
        Assert.Equal((device, told), await mount.ResolvedAsync(LocalOptionsTests.Read(options), TestContext.Current.CancellationToken));

    [Fact]
    public async Task A_name_that_nobody_knows_is_told()
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => mount.ResolvedAsync(LocalOptionsTests.Read("type=nfs device=:/x o=addr=nobody"), TestContext.Current.CancellationToken));
        Assert.Equal("error resolving passed in network volume address: lookup nobody: no such host", failure.Message);
    }

    [Fact]
    public async Task Passwords_are_not_told()
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => mount.MountAsync(LocalOptionsTests.Read("type=nosuchfs device=x o=ro,username=me,password=secret"), "/nowhere", TestContext.Current.CancellationToken));
        Assert.StartsWith("failed to mount local volume: mount x:/nowhere, flags: 0x1, data: username=me,password=********: no such ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 0UL, 0UL, "")]
    [InlineData("size=16m,uid=1000", 0UL, 0UL, "size=16m,uid=1000")]
    [InlineData("ro,noexec,nosuid,nodev", 15UL, 0UL, "")]
    [InlineData("ro,rw,size=1m", 0UL, 0UL, "size=1m")]
    [InlineData("bind,ro", 0x1001UL, 0UL, "")]
    [InlineData("rbind,rslave", 0x5000UL, 0x84000UL, "")]
    public void Words_are_flags_or_the_file_systems_own(string text, ulong flags, ulong propagation, string data) =>
        Assert.Equal(new MountOptions(flags, propagation, data), MountOptions.Parse(text));
}
