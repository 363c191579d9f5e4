using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>Volumes with options, and what an image holds, for containers and services of the stock docker CLI.</summary>
public sealed class DockerVolumeTests(Cluster cluster) : IAsyncLifetime
{
    private const string Memory = "volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=8m";
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-volumes-").FullName;
    private string docker = "";
    private string host = "";

    public async ValueTask InitializeAsync()
    {
        docker = await DockerTool.GetAsync();
        host = (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];
        await File.WriteAllTextAsync(Path.Combine(directory, "Dockerfile"), $"""
            FROM {Cluster.Image}
            RUN mkdir /data && echo one > /data/one && chown 7:8 /data/one && chmod 640 /data/one && chown 5:6 /data && chmod 750 /data
            """, TestContext.Current.CancellationToken);
        await OkAsync("build", "-q", "-t", "holding", directory);
        await OkAsync("swarm", "init");
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("swarm", "leave", "--force");
        await Eventually.GetAsync(() => cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.task", "-o", "name"), pods => pods.Length == 0, 60);
        await RunAsync("rmi", "holding");
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_directory_that_is_bound_is_there_while_containers_run_and_stays_when_the_volume_goes()
    {
        var source = Directory.CreateDirectory(Path.Combine(directory, "source")).FullName;
        await File.WriteAllTextAsync(Path.Combine(source, "file"), "kept", TestContext.Current.CancellationToken);
        await OkAsync("volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", $"device={source}", "bound");
        await OkAsync("run", "-d", "--name", "first", "--entrypoint", "sleep", "-v", "bound:/data", Cluster.Image, "1000");
        await cluster.KillAsync();
        await cluster.UpAsync();
        Assert.Equal("kept", await OkAsync("run", "--rm", "--entrypoint", "cat", "-v", "bound:/data", Cluster.Image, "/data/file"));
        Assert.Single(await MountsAsync("bound"));
        await OkAsync("rm", "-f", "first");
        Assert.Empty(await MountsAsync("bound"));
        await OkAsync("volume", "rm", "bound");
        Assert.True(File.Exists(Path.Combine(source, "file")));

        await OkAsync("volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=/no/such/place", "lost");
        await FailsAsync(": no such file or directory", "run", "--rm", "-v", "lost:/data", Cluster.Image);
        await OkAsync("volume", "rm", "lost");
    }

    [Fact]
    public async Task A_service_mounts_what_its_volume_asks_for_and_begins_with_the_images_files()
    {
        await OkAsync("service", "create", "--name", "held", "--mount", $"type=volume,source=memory,target=/data,{Memory},volume-label=kind=test", "holding", "sleep", "1000");
        Assert.Equal("test 8.0M 5:6 750 7:8 640", await OkAsync("volume", "inspect", "memory", "--format", "{{.Labels.kind}}") + " " + await InAsync("held", "echo $(df -h /data | tail -1 | awk '{print $2}') $(stat -c '%u:%g %a' /data /data/one)"));
        Assert.Equal("one", await OkAsync("run", "--rm", "--entrypoint", "cat", "-v", "memory:/seen", Cluster.Image, "/seen/one"));
        await InAsync("held", "rm /data/one && echo two > /data/two");
        await cluster.KillAsync();
        await cluster.UpAsync();
        await OkAsync("service", "scale", "held=2");
        Assert.Equal("two", await InAsync("held.2", "ls /data"));
        Assert.Single(await MountsAsync("memory"));
        await OkAsync("service", "rm", "held");
        Assert.Empty(await Eventually.GetAsync(() => MountsAsync("memory"), mounts => mounts.Count == 0, 60));

        // The containers that had it go a moment later.
        (await Eventually.GetAsync(() => RunAsync("volume", "rm", "memory"), removed => removed.ExitCode == 0, 60)).Success();
    }

    [Fact]
    public async Task A_volume_of_a_stack_that_cannot_be_mounted_rejects_the_task_with_the_reason()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "stack.yml"), """
            services:
              web: {image: my-image, volumes: ["data:/data"], deploy: {restart_policy: {condition: none}}}
            volumes:
              data: {driver_opts: {type: none, o: bind, device: /no/such/place}}
            """, TestContext.Current.CancellationToken);
        await OkAsync("stack", "deploy", "--detach=true", "-c", Path.Combine(directory, "stack.yml"), "lost");
        var told = await Eventually.GetAsync(async () => (await RunAsync("stack", "ps", "lost", "--no-trunc", "--format", "{{.CurrentState}} {{.Error}}")).Output, tasks => tasks.Contains("Rejected", StringComparison.Ordinal), 60);
        Assert.Contains("failed to mount local volume: mount /no/such/place:", told, StringComparison.Ordinal);
        Assert.Contains("flags: 0x1000: no such file or directory", told, StringComparison.Ordinal);
        await OkAsync("stack", "rm", "lost");
        await FailsAsync("volumes of driver rexray are not supported", "service", "create", "--mount", "type=volume,source=x,target=/x,volume-driver=rexray", Cluster.Image);
    }

    private async Task<IReadOnlyList<string>> MountsAsync(string volume) =>
        [.. (await File.ReadAllLinesAsync("/proc/self/mountinfo", TestContext.Current.CancellationToken)).Where(line => line.Contains($"{cluster.DataDirectory}/node/swarm-volumes/{volume}/_data ", StringComparison.Ordinal))];

    private async Task<string> InAsync(string task, string line) =>
        await OkAsync("exec", (await OkAsync("ps", "-q", "--filter", $"name={task}")).Split('\n')[0], "sh", "-c", line);

    private async Task FailsAsync(string message, params string[] arguments) => Assert.Contains(message, (await RunAsync(arguments)).Failure(), StringComparison.Ordinal);

    private async Task<string> OkAsync(params string[] arguments) => (await RunAsync(arguments)).Success();

    private Task<CommandOutput> RunAsync(params string[] arguments) =>
        CommandLine.RunAsync(docker, arguments, environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host, ["HOME"] = directory });
}
