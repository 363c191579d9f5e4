namespace Flotilla.EndToEnd;

/// <summary>What the machine lacks, or has already, is told in one sentence and breaks nothing.</summary>
public sealed class MachineTests(Cluster cluster)
{
    [Fact]
    public async Task A_second_cluster_is_refused_and_the_first_goes_on()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await using var other = new TemporaryDirectory();
        var before = Directory.GetDirectories("/run", "flotilla*");
        foreach (var command in new[] { "up", "server" })
        {
            var refused = await cluster.BinaryAsync(new Dictionary<string, string>(), command, "--data-dir", other.Path, "--api-port", "16443");
            Assert.Equal(
                $"flotilla: The cluster in {cluster.DataDirectory} has this machine, which can have one at a time; stop it first with: flotilla down --data-dir {cluster.DataDirectory}",
                refused.Failure());
        }

        Assert.Equal(before.Order(), Directory.GetDirectories("/run", "flotilla*").Order());
        (await cluster.BinaryAsync(new Dictionary<string, string>(), "down", "--data-dir", other.Path)).Success();
        var pod = (await space.PodsAsync())[0];
        Assert.Equal("alive", await space.OkAsync("exec", pod, "--", "echo", "alive"));
        Assert.NotEmpty(await cluster.KubectlOkAsync("config", "get-contexts", "flotilla"));
    }

    [Fact]
    public async Task Missing_programs_are_named_with_their_packages()
    {
        await using var other = new TemporaryDirectory();
        var environment = new Dictionary<string, string> { ["PATH"] = other.Path };
        var refused = await cluster.BinaryAsync(environment, "server", "--data-dir", Path.Combine(other.Path, "data"), "--api-port", "16443");
        Assert.Equal(
            "flotilla: nft, ip, sysctl, containerd, ctr, runc not found; on Debian: apt-get install nftables iproute2 procps containerd runc",
            refused.Failure());
    }

    private sealed class TemporaryDirectory : IAsyncDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("flotilla-other-").FullName;

        public ValueTask DisposeAsync()
        {
            Directory.Delete(Path, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
