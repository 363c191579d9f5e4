using System.Diagnostics;
using Flotilla.Linux.Cri;
using Flotilla.Node.Registry;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Node.Tests.Live;

public sealed class RegistryMirrorTests(NodeFixture node) : IClassFixture<NodeFixture>, IAsyncLifetime
{
    private readonly RegistryMirror mirror = new(node.Options, node.Images, NullLogger<RegistryMirror>.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await mirror.StartAsync(Cancellation);

    public ValueTask DisposeAsync() => mirror.DisposeAsync();

    [Theory]
    [InlineData("my-app", "my-app")]
    [InlineData("registry.invalid/team/app:3", "registry.invalid/team/app:3")]
    public async Task An_imported_image_is_pulled_without_a_network(string tag, string image)
    {
        await using var archive = TestImages.Busybox(tag);
        await node.Images.ImportAsync(archive, Cancellation);

        var answer = await PullAsync(image);

        Assert.StartsWith("sha256:", answer.ImageRef, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_image_fails_quickly_as_its_registry_would()
    {
        var start = Stopwatch.GetTimestamp();

        var failure = await Assert.ThrowsAsync<RpcException>(() => PullAsync("registry.invalid/none:1"));

        Assert.Contains("failed to resolve reference \"registry.invalid/none:1\"", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("Head \"https://registry.invalid/v2/none/manifests/1\"", failure.Status.Detail, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Images_that_were_not_imported_here_are_left_to_their_registry()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{mirror.Port}") };
        Assert.Equal(200, (int)(await http.GetAsync("/v2/", Cancellation)).StatusCode);
        Assert.Equal(404, (int)(await http.GetAsync("/v2/library/other/manifests/latest?ns=docker.io", Cancellation)).StatusCode);
        Assert.Equal(405, (int)(await http.PostAsync("/v2/library/busybox/blobs/uploads", null, Cancellation)).StatusCode);
        Assert.Equal(200, (int)(await http.GetAsync("/v2/library/busybox/manifests/latest?ns=docker.io", Cancellation)).StatusCode);
    }

    private async Task<PullImageResponse> PullAsync(string image) => await node.Runtime.Images.PullImageAsync(
        new PullImageRequest { Image = new ImageSpec { Image = image } }, cancellationToken: Cancellation);
}
