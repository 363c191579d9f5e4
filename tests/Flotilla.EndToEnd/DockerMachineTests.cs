using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The stock docker CLI and what belongs to one machine: images that pods find too, volumes, and networks with names.</summary>
public sealed class DockerMachineTests(Cluster cluster) : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-machine-").FullName;
    private string docker = "";
    private string host = "";

    public async ValueTask InitializeAsync()
    {
        docker = await DockerTool.GetAsync();
        host = (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_image_goes_out_and_comes_back_and_a_pod_runs_it()
    {
        var archive = Path.Combine(directory, "images.tar");
        await OkAsync("tag", Cluster.Image, "trip/web:1");
        await OkAsync("tag", Cluster.Image, "trip/web:2");
        await OkAsync("save", "-o", archive, "trip/web");
        Assert.Equal("Untagged: trip/web:1\nUntagged: trip/web:2", await OkAsync("rmi", "trip/web:1", "trip/web:2"));
        Assert.Equal("Loaded image: trip/web:1\nLoaded image: trip/web:2", await OkAsync("load", "-i", archive));
        Assert.Equal("trip/web:1\ntrip/web:2", await OkAsync("images", "trip/*", "--format", "{{.Repository}}:{{.Tag}}"));

        await cluster.KubectlOkAsync("run", "trip", "--image=trip/web:1", "--image-pull-policy=Never");
        await cluster.KubectlOkAsync("wait", "--for=condition=Ready", "pod/trip", "--timeout=60s");
        Assert.Contains("(cannot be forced) - image is being used by running container", await FailsAsync("rmi", "-f", await OkAsync("images", "-q", "trip/web:1")), StringComparison.Ordinal);
        await cluster.KubectlOkAsync("delete", "pod", "trip", "--grace-period=1");
        await OkAsync("rmi", "trip/web:1", "trip/web:2");
        Assert.Equal("Error response from daemon: No such image: trip/web:1", await FailsAsync("rmi", "trip/web:1"));
    }

    [Fact]
    public async Task Images_are_built_committed_and_imported()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "Dockerfile"), $"""
            FROM {Cluster.Image} AS made
            ARG WORD=none
            RUN echo $WORD > /word && touch /etc/hosts
            FROM {Cluster.Image}
            COPY --from=made --chown=7:8 --chmod=640 /word /srv/
            WORKDIR /srv
            ENTRYPOINT ["cat", "word"]
            """, TestContext.Current.CancellationToken);
        Assert.Contains("Successfully tagged built:latest", await OkAsync("build", "--build-arg", "WORD=said", "-t", "built", directory), StringComparison.Ordinal);
        Assert.Equal("said", await OkAsync("run", "--rm", "built"));
        Assert.Equal(6, (await cluster.FlotillaAsync("image", "build", "--build-arg", "WORD=said", directory)).Success().Split("Using cache").Length);
        var other = await cluster.FlotillaAsync("image", "build", "--build-arg", "WORD=", "--target", "made", directory);
        Assert.DoesNotContain("Step 4", other.Success(), StringComparison.Ordinal);

        await OkAsync("run", "--name", "writer", "--entrypoint", "sh", "built", "-c", "stat -c '%u:%g %a' word > word");
        await OkAsync("commit", "-m", "written", "--change", "LABEL kind=test", "writer", "committed");
        await OkAsync("rm", "writer");
        Assert.Equal("7:8 640", await OkAsync("run", "--rm", "--entrypoint", "cat", "committed", "word"));
        Assert.StartsWith("written|", await OkAsync("history", "--format", "{{.Comment}}|{{.CreatedBy}}", "committed"), StringComparison.Ordinal);
        var tar = Path.Combine(directory, "root.tar");
        var exporter = await OkAsync("create", "committed");
        await OkAsync("export", "-o", tar, exporter);
        await OkAsync("rm", exporter);
        await OkAsync("import", "--change", "CMD [\"cat\", \"/srv/word\"]", tar, "imported");
        Assert.Equal("7:8 640", await OkAsync("run", "--rm", "imported"));
        await OkAsync("rmi", "built", "committed", "imported");
    }

    [Fact]
    public async Task A_volume_outlives_its_containers_and_stays_while_one_is_there()
    {
        await OkAsync("volume", "create", "--label", "kind=test", "kept");
        await OkAsync("run", "--rm", "--entrypoint", "sh", "-v", "kept:/data", Cluster.Image, "-c", "echo written > /data/file");
        var id = await OkAsync("create", "--entrypoint", "cat", "-v", "kept:/data:ro", Cluster.Image, "/data/file");
        Assert.Equal($"Error response from daemon: remove kept: volume is in use - [{id}]", await FailsAsync("volume", "rm", "kept"));
        Assert.Equal("written", await OkAsync("start", "-a", id));
        await OkAsync("rm", id);
        Assert.Equal("kept", await OkAsync("volume", "ls", "-q", "--filter", "label=kind=test", "--filter", "dangling=true"));
        await OkAsync("volume", "rm", "kept");
        Assert.Equal("Error response from daemon: get kept: no such volume", await FailsAsync("volume", "rm", "kept"));
    }

    [Fact]
    public async Task Networks_have_names_and_do_not_reach_each_other()
    {
        await OkAsync("network", "create", "--subnet", "10.123.0.0/24", "inner");
        await OkAsync("network", "create", "other");
        try
        {
            await OkAsync("run", "-d", "--name", "asker", "--network", "inner", Cluster.Image);
            await OkAsync("run", "-d", "--name", "near", "--network", "inner", "--network-alias", "alias", "-p", "18123:8080", Cluster.Image);
            await OkAsync("run", "-d", "--name", "far", "--network", "other", Cluster.Image);
            Assert.Equal("10.123.0.3", await OkAsync("inspect", "-f", "{{.NetworkSettings.Networks.inner.IPAddress}}", "near"));
            var far = await OkAsync("inspect", "-f", "{{.NetworkSettings.Networks.other.IPAddress}}", "far");
            Assert.StartsWith("10.123.0.3 ", await OkAsync("exec", "asker", "getent", "hosts", "near"), StringComparison.Ordinal);
            Assert.StartsWith("10.123.0.3 ", await OkAsync("exec", "asker", "getent", "hosts", "alias"), StringComparison.Ordinal);
            Assert.NotEqual(0, (await RunAsync("exec", "asker", "getent", "hosts", "far")).ExitCode);
            await PingAsync("10.123.0.3", reaches: true);
            await PingAsync(far, reaches: false);
            await Eventually.GetAsync(() => CommandLine.RunAsync("curl", ["-s", "-m", "5", "http://127.0.0.1:18123/"]), answer => answer.ExitCode == 0, 20);

            await OkAsync("network", "connect", "other", "asker");
            Assert.StartsWith(far, await OkAsync("exec", "asker", "getent", "hosts", "far"), StringComparison.Ordinal);
            await PingAsync(far, reaches: true);
            Assert.Contains("error while removing network: network other has active endpoints (name:", await FailsAsync("network", "rm", "other"), StringComparison.Ordinal);
        }
        finally
        {
            await RunAsync("rm", "-f", "asker", "near", "far");
            await RunAsync("network", "rm", "inner", "other");
        }

        Assert.Equal("Error response from daemon: network inner not found", (await FailsAsync("network", "inspect", "inner")).Split('\n')[^1]);
    }

    private async Task PingAsync(string address, bool reaches) => Assert.Equal(reaches, (await RunAsync("exec", "asker", "ping", "-c", "1", "-W", "1", address)).ExitCode == 0);

    private async Task<string> FailsAsync(params string[] arguments) => (await RunAsync(arguments)).Failure().Trim();

    private async Task<string> OkAsync(params string[] arguments) => (await RunAsync(arguments)).Success();

    private Task<CommandOutput> RunAsync(params string[] arguments) =>
        CommandLine.RunAsync(docker, arguments, environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host, ["HOME"] = directory });
}
