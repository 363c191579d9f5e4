using System.IO.Compression;
using Flotilla.Linux.Cri;
using Flotilla.Node.Containerd;

namespace Flotilla.Node.Tests.Live;

public sealed class ContainerdTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_own_pause_image_holds_a_sandbox_and_ends_on_a_signal()
    {
        var sandbox = await node.Runtime.Runtime.RunPodSandboxAsync(
            new RunPodSandboxRequest
            {
                Config = new PodSandboxConfig
                {
                    Metadata = new PodSandboxMetadata { Name = "p", Namespace = "default", Uid = "u1" },
                    LogDirectory = Path.Combine(node.Options.PodLogsDirectory, "u1"),
                    Linux = new LinuxPodSandboxConfig { CgroupParent = node.Options.CgroupRoot + "/podu1" },
                },
            },
            cancellationToken: Cancellation);

        var status = await node.Runtime.Runtime.PodSandboxStatusAsync(
            new PodSandboxStatusRequest { PodSandboxId = sandbox.PodSandboxId }, cancellationToken: Cancellation);
        Assert.Equal(PodSandboxState.SandboxReady, status.Status.State);
        Assert.StartsWith(node.Subnet, status.Status.Network.Ip, StringComparison.Ordinal);

        await node.Runtime.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = sandbox.PodSandboxId }, cancellationToken: Cancellation);
        await node.Runtime.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = sandbox.PodSandboxId }, cancellationToken: Cancellation);
    }

    [Fact]
    public async Task A_running_containerd_is_adopted()
    {
        var before = ContainerdProcess.Find(node.Options);
        await node.Supervisor.EnsureRunningAsync(Cancellation);
        Assert.NotNull(before);
        Assert.Equal(before, ContainerdProcess.Find(node.Options));
    }

    [Fact]
    public async Task Imports_plain_and_compressed_archives_under_full_names()
    {
        await using var plain = TestImages.Busybox("my-image");
        Assert.Equal(["docker.io/library/my-image:latest"], await node.Images.ImportAsync(plain, Cancellation));

        await using var other = TestImages.Busybox("example.com/team/app:1");
        await using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
        {
            await other.CopyToAsync(gzip, Cancellation);
        }
        zipped.Position = 0;
        Assert.Equal(["example.com/team/app:1"], await node.Images.ImportAsync(zipped, Cancellation));
        Assert.True(await node.Images.ExistsAsync("my-image", Cancellation));
    }

    [Theory]
    [InlineData("io.containerd.image.name", "docker.io/library/oci-full:1", "docker.io/library/oci-full:1")]
    [InlineData("org.opencontainers.image.ref.name", "oci-short:2", "docker.io/library/oci-short:2")]
    [InlineData("org.opencontainers.image.ref.name", "example.com/team/oci:3", "example.com/team/oci:3")]
    public async Task Imports_oci_layouts_under_full_names(string annotation, string name, string full)
    {
        await using var archive = TestImages.OciLayout(new() { [annotation] = name });
        Assert.Equal([full], await node.Images.ImportAsync(archive, Cancellation));
        Assert.True(await node.Images.ExistsAsync(full, Cancellation));
    }

    [Theory]
    [InlineData("org.opencontainers.image.ref.name", "latest", "the archive names its image only \"latest\"")]
    [InlineData("org.opencontainers.image.ref.name", "example.com/Team/oci:3", "must be lowercase")]
    [InlineData("unrelated", "x", "the archive names no image")]
    public async Task An_archive_that_does_not_name_its_image_is_refused(string annotation, string name, string reason)
    {
        await using var archive = TestImages.OciLayout(new() { [annotation] = name });
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => node.Images.ImportAsync(archive, Cancellation));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_archive_is_refused_with_a_reason()
    {
        await using var junk = new MemoryStream("no archive"u8.ToArray());
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => node.Images.ImportAsync(junk, Cancellation));
        Assert.NotEmpty(failure.Message);
    }
}
