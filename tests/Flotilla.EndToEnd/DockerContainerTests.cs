using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The stock docker CLI and the containers of one machine: their life, what goes in and comes out, and that they outlive Flotilla.</summary>
public sealed class DockerContainerTests(Cluster cluster) : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-containers-").FullName;
    private string docker = "";
    private string host = "";

    public async ValueTask InitializeAsync()
    {
        docker = await DockerTool.GetAsync();
        host = (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];
    }

    public async ValueTask DisposeAsync()
    {
        if ((await RunAsync("ps", "-aq")).Success() is { Length: > 0 } left)
        {
            await RunAsync(["rm", "-f", .. left.Split('\n')]);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_container_is_what_was_asked_for_and_its_output_and_exit_code_come_back()
    {
        var run = await ShellAsync("echo $A; pwd; id -u; hostname; cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max; echo wrong >&2; exit 3", "--name", "one", "-e", "A=1", "-w", "/tmp", "-u", "7", "-h", "box", "--pids-limit", "20");
        Assert.Equal((3, "1\n/tmp\n7\nbox\n20", "wrong"), (run.ExitCode, run.Output.Trim(), run.Error.Trim()));
        Assert.Equal("Exited (3)", (await OkAsync("ps", "-a", "--filter", "name=one", "--format", "{{.Status}}"))[..10]);

        // Which of the two streams comes first in the log is not told.
        var logs = await RunAsync("logs", "one");
        Assert.Equal(("1\n/tmp\n7\nbox\n20", "wrong"), (logs.Output.Trim(), logs.Error.Trim()));
        Assert.Equal(2, (await RunAsync("logs", "--tail", "2", "one")).All.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("The container name \"/one\" is already in use", (await ShellAsync("true", "--name", "one")).Failure(), StringComparison.Ordinal);
        await OkAsync("rm", "one");
        Assert.Contains("No such container: one", (await RunAsync("logs", "one")).Failure(), StringComparison.Ordinal);

        Assert.Equal(127, (await RunAsync("run", "--rm", "--entrypoint", "nosuch", Cluster.Image)).ExitCode);
        Assert.Equal(126, (await RunAsync("run", "--rm", "--entrypoint", "/etc", Cluster.Image)).ExitCode);
        Assert.Equal(125, (await RunAsync("run", "--rm", "--memory", "1m", Cluster.Image)).ExitCode);
        Assert.Equal(137, (await ShellAsync("x=a; while true; do x=$x$x$x; done", "--rm", "--memory", "16m")).ExitCode);
        Assert.Equal("read from the input", (await CommandLine.RunAsync(docker, ["run", "--rm", "-i", "--entrypoint", "cat", Cluster.Image], "read from the input", Environs)).Success());
        Assert.Contains("Operation not permitted", (await ShellAsync("unshare -n true", "--rm")).All, StringComparison.Ordinal);
        Assert.Equal("own", (await ShellAsync("hostname own && hostname", "--rm", "--cap-add", "SYS_ADMIN")).Success());
    }

    [Fact]
    public async Task A_container_that_runs_is_looked_into_and_stopped()
    {
        await OkAsync("run", "-d", "--name", "web", "-p", "18124:8080", "--health-cmd", "test -e /tmp/well", "--health-interval", "1s", Cluster.Image);
        var exec = await RunAsync("exec", "web", "sh", "-c", "echo $SOME_ENV; exit 4");
        Assert.Equal((4, "unset"), (exec.ExitCode, exec.Output.Trim()));
        Assert.Equal(127, (await RunAsync("exec", "web", "nosuch")).ExitCode);
        Assert.Equal("typed", (await CommandLine.RunAsync(docker, ["exec", "-i", "web", "cat"], "typed", Environs)).Success());
        await Eventually.GetAsync(() => CommandLine.RunAsync("curl", ["-s", "-m", "5", "http://127.0.0.1:18124/"]), answer => answer.ExitCode == 0, 20);

        var file = Path.Combine(directory, "file");
        await File.WriteAllTextAsync(file, "carried");
        await OkAsync("cp", file, "web:/tmp/well");
        await OkAsync("cp", "web:/tmp/well", file + "2");
        Assert.Equal("carried", await File.ReadAllTextAsync(file + "2"));
        Assert.Contains("A /tmp/well", (await OkAsync("diff", "web")).Split('\n'));
        Assert.Contains("httpd", await OkAsync("top", "web"), StringComparison.Ordinal);
        Assert.NotEqual("0B / 0B", await OkAsync("stats", "--no-stream", "--format", "{{.MemUsage}}", "web"));
        await Eventually.GetAsync(() => OkAsync("inspect", "-f", "{{.State.Health.Status}}", "web"), health => health == "healthy", 20);

        await OkAsync("pause", "web");
        Assert.Contains("(Paused)", await OkAsync("ps", "--filter", "name=web", "--format", "{{.Status}}"), StringComparison.Ordinal);
        await OkAsync("unpause", "web");
        await OkAsync("rename", "web", "site");
        Assert.Contains("cannot remove container \"site\": container is running", (await RunAsync("rm", "site")).Failure(), StringComparison.Ordinal);
        await OkAsync("stop", "site");
        Assert.Equal("0", await OkAsync("wait", "site"));
        await OkAsync("start", "site");
        await OkAsync("rm", "-f", "site");
    }

    [Fact]
    public async Task Containers_outlive_Flotilla_even_when_it_comes_back_locked_and_so_does_what_they_say()
    {
        await StartAsync("tick", "i=0; while true; do i=$((i+1)); echo $i; sleep 0.2; done");
        await StartAsync("short", "sleep 2; echo last words; exit 9");
        await StartAsync("again", "sleep 2; exit 1", "--restart", "always");
        await OkAsync("swarm", "init", "--autolock");
        var key = await OkAsync("swarm", "unlock-key", "-q");
        await cluster.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        await cluster.UpAsync();
        Assert.Equal("locked", await OkAsync("info", "-f", "{{.Swarm.LocalNodeState}}"));
        Assert.Contains("Swarm is encrypted and needs to be unlocked before it can be used.", (await RunAsync("node", "ls")).Failure(), StringComparison.Ordinal);
        (await cluster.KubectlAsync("get", "nodes")).Failure();
        Assert.Contains("invalid key provided", (await UnlockAsync("SWMKEY-1-AAAA")).Failure(), StringComparison.Ordinal);
        Assert.Equal("running", await OkAsync("inspect", "-f", "{{.State.Status}}", "tick"));
        (await UnlockAsync(key)).Success();
        await cluster.KubectlOkAsync("get", "nodes");
        await OkAsync("swarm", "leave", "--force");

        Assert.Equal("exited 9", await OkAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "short"));
        Assert.Equal("last words", await OkAsync("logs", "short"));
        var count = (await OkAsync("logs", "tick")).Split('\n');
        Assert.Equal(Enumerable.Range(1, count.Length).Select(number => $"{number}"), count);
        await Eventually.GetAsync(() => OkAsync("inspect", "-f", "{{.RestartCount}}", "again"), restarts => restarts != "0", 20);
        await OkAsync("stop", "-t", "0", "tick", "again");
        Assert.Equal("exited 137", await OkAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "tick"));
        Assert.Equal("exited", await OkAsync("inspect", "-f", "{{.State.Status}}", "again"));
    }

    private Task<CommandOutput> UnlockAsync(string key) => CommandLine.RunAsync(docker, ["swarm", "unlock"], key + "\n", Environs);

    private Dictionary<string, string> Environs => new() { ["DOCKER_HOST"] = host, ["HOME"] = directory };

    private Task<string> StartAsync(string name, string line, params string[] options) => OkAsync(["run", "-d", "--name", name, "--entrypoint", "sh", .. options, Cluster.Image, "-c", line]);

    private Task<CommandOutput> ShellAsync(string line, params string[] options) => RunAsync(["run", "--entrypoint", "sh", .. options, Cluster.Image, "-c", line]);

    private async Task<string> OkAsync(params string[] arguments) => (await RunAsync(arguments)).Success();

    private Task<CommandOutput> RunAsync(params string[] arguments) => CommandLine.RunAsync(docker, arguments, environment: Environs);
}
