using System.Globalization;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>Plain containers in overlay networks and in networks of their machine, on a manager and on a worker.</summary>
public sealed class AttachableNetworkTests(AttachableNetworkTests.Swarm swarm) : IClassFixture<AttachableNetworkTests.Swarm>
{
    private const string Manager = "ovl";
    private const string Worker = "ovl-2";
    private readonly NamedCluster cluster = swarm.Cluster;

    [Theory]
    [InlineData(Manager)]
    [InlineData(Worker)]
    public async Task A_container_enters_and_leaves_networks_of_both_kinds_while_it_runs(string node)
    {
        await OkAsync(node, "network", "create", "own");
        await OkAsync(node, "run", "-d", "--name", "guest", "--network", "one", Cluster.Image);
        await OkAsync(node, "run", "-d", "--name", "resident", "--network", "own", Cluster.Image);
        await ReachesAsync(node, "guest", "in-one");
        await FailsToReachAsync(node, "guest", "in-two");
        await FailsToReachAsync(node, "resident", "guest");

        await OkAsync(node, "network", "connect", "--alias", "visitor", "two", "guest");
        await ReachesAsync(node, "guest", "in-two");
        await ReachesAsync(node, "guest", "in-one");
        Assert.Contains("from ", await OkAsync(node, "run", "--rm", "--network", "two", "--entrypoint", "sh", Cluster.Image, "-c", "timeout 20 wget -qO- http://visitor:8080/"), StringComparison.Ordinal);

        // Either way around: what holds a container's links is its own, whichever network it was in first.
        await OkAsync(node, "network", "connect", "own", "guest");
        await ReachesAsync(node, "guest", "resident");
        await OkAsync(node, "network", "connect", "two", "resident");
        await ReachesAsync(node, "resident", "in-two");
        await FailsToReachAsync(node, "resident", "in-one");
        await OkAsync(node, "run", "-d", "--name", "both", "--network", "own", "--network", "one", Cluster.Image);
        await ReachesAsync(node, "both", "in-one");
        await ReachesAsync(node, "both", "resident");

        // Nobody gets through a container that is in both.
        var task = await AddressOfTaskAsync("in-one");
        await OkAsync(node, "run", "-d", "--name", "sly", "--network", "own", "--cap-add", "NET_ADMIN", Cluster.Image);
        await OkAsync(node, "exec", "sly", "ip", "route", "add", task, "via", await OkAsync(node, "inspect", "both", "-f", "{{.NetworkSettings.Networks.own.IPAddress}}"));
        await FailsToReachAsync(node, "sly", task);

        await OkAsync(node, "network", "disconnect", "two", "guest");
        await FailsToReachAsync(node, "guest", "in-two");
        await ReachesAsync(node, "guest", "in-one");
        await OkAsync(node, "network", "disconnect", "one", "guest");
        await FailsToReachAsync(node, "guest", task);
        await ReachesAsync(node, "guest", "resident");
        await OkAsync(node, "rm", "-f", "guest", "resident", "both", "sly");
        Assert.Equal("", await Eventually.GetAsync(() => cluster.KubectlAsync("get", "pods", "-l", "swarm.flotilla.dev/attachment", "-o", "name"), pods => pods.Trim().Length == 0, 20));
    }

    [Theory]
    [InlineData(Manager)]
    [InlineData(Worker)]
    public async Task What_cannot_be_is_told_in_Dockers_words(string node)
    {
        await OkAsync(node, "run", "-d", "--name", "strict", "--network", "one", Cluster.Image);
        var id = await OkAsync(node, "inspect", "strict", "-f", "{{.Id}}");
        await FailsAsync(node, "strict is already attached to network one", "network", "connect", "one", "strict");
        await FailsAsync(node, "Could not attach to network shut: rpc error: code = PermissionDenied desc = network shut not manually attachable", "network", "connect", "shut", "strict");
        await FailsAsync(node, "Could not attach to network ingress: rpc error: code = PermissionDenied desc = network ingress not manually attachable", "network", "connect", "ingress", "strict");
        await FailsAsync(node, "Could not attach to network nobody: rpc error: code = NotFound desc = network nobody not found", "network", "connect", "nobody", "strict");
        await FailsAsync(node, "No such container: nobody", "network", "connect", "one", "nobody");
        await FailsAsync(node, $"container {id} is not connected to network two", "network", "disconnect", "two", "strict");
        await FailsAsync(node, "network nobody not found", "network", "disconnect", "nobody", "strict");
        await FailsAsync(Manager, "is in use by", "network", "rm", "one");

        // One that does not run may be told anything; it counts when it starts.
        await OkAsync(node, "create", "--name", "asleep", Cluster.Image);
        await OkAsync(node, "network", "connect", "two", "asleep");
        await OkAsync(node, "network", "connect", "shut", "asleep");
        await FailsAsync(node, "network shut not manually attachable", "start", "asleep");
        await OkAsync(node, "network", "disconnect", "shut", "asleep");
        await OkAsync(node, "start", "asleep");
        await ReachesAsync(node, "asleep", "in-two");
        await OkAsync(node, "rm", "-f", "strict", "asleep");
    }

    [Theory]
    [InlineData(Manager)]
    [InlineData(Worker)]
    public async Task Networks_are_what_was_answered_last_whenever_Flotilla_is_killed(string node)
    {
        await OkAsync(node, "run", "-d", "--name", "steady", Cluster.Image);
        await OkAsync(node, "network", "connect", "two", "steady");
        await KillAsync(node);
        await ReachesAsync(node, "steady", "in-two");
        await OkAsync(node, "network", "disconnect", "two", "steady");
        await FailsToReachAsync(node, "steady", await AddressOfTaskAsync("in-two"));
        foreach (var moment in (int[])[50, 150])
        {
            var connecting = RunAsync(node, "network", "connect", "two", "steady");
            await Task.Delay(moment);
            await KillAsync(node);
            var isIn = (await connecting).ExitCode == 0;
            Assert.Equal(isIn, (await OkAsync(node, "inspect", "steady", "-f", "{{json .NetworkSettings.Networks}}")).Contains("\"two\"", StringComparison.Ordinal));
            if (!isIn)
            {
                Assert.DoesNotContain("eth1", await OkAsync(node, "exec", "steady", "ip", "link"), StringComparison.Ordinal);
                await OkAsync(node, "network", "connect", "two", "steady");
            }

            await ReachesAsync(node, "steady", "in-two");
            await OkAsync(node, "network", "disconnect", "two", "steady");
        }

        // Its place may be taken from it: its address is given up with it, and there is another one.
        await OkAsync(node, "network", "connect", "two", "steady");
        await cluster.KubectlAsync("delete", "pods", "-l", "swarm.flotilla.dev/attachment", "--now");
        await Eventually.GetAsync(() => RunAsync(node, "exec", "steady", "sh", "-c", "timeout 2 wget -qO- http://in-two:8080/"), answer => answer.ExitCode == 0, 60);
        await OkAsync(node, "rm", "-f", "steady");
    }

    [Fact]
    public async Task A_published_port_answers_tasks_of_other_networks_too()
    {
        await OkAsync(Manager, "run", "-d", "--name", "open", "--network", "one", "-p", "18131:8080", Cluster.Image);
        var machine = (await cluster.KubectlAsync("get", "node", Manager, "-o", "jsonpath={.status.addresses[0].address}")).Trim();
        var tasks = (await cluster.KubectlAsync("get", "pods", "-l", "com.docker.swarm.service.name=in-two", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, tasks.Length);
        foreach (var task in tasks)
        {
            Assert.Contains("from ", await cluster.KubectlAsync("exec", task, "--", "timeout", "10", "wget", "-qO-", $"http://{machine}:18131/"), StringComparison.Ordinal);
        }

        await OkAsync(Manager, "rm", "-f", "open");
    }

    private async Task KillAsync(string node)
    {
        var directory = node == Manager ? cluster.DataDirectory : Path.Combine(cluster.DataDirectory, "nodes", node);
        var process = int.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "flotilla.pid")), CultureInfo.InvariantCulture);
        (await CommandLine.RunAsync("kill", ["-9", process.ToString(CultureInfo.InvariantCulture)])).Success();
        await cluster.FlotillaAsync("up", "--name", Manager, "--nodes", "2");
        await Eventually.GetAsync(() => RunAsync(node, "version"), answer => answer.ExitCode == 0, 60);
    }

    private async Task<string> AddressOfTaskAsync(string service) =>
        (await cluster.KubectlAsync("get", "pods", "-l", $"com.docker.swarm.service.name={service}", "-o", "jsonpath={.items[0].status.podIP}")).Trim();

    private async Task ReachesAsync(string node, string container, string name) =>
        Assert.Contains("from ", (await RunAsync(node, "exec", container, "timeout", "10", "wget", "-qO-", $"http://{name}:8080/")).Success(), StringComparison.Ordinal);

    private async Task FailsToReachAsync(string node, string container, string name) =>
        Assert.NotEqual(0, (await RunAsync(node, "exec", container, "timeout", "2", "wget", "-qO-", $"http://{name}:8080/")).ExitCode);

    private async Task FailsAsync(string node, string message, params string[] arguments) => Assert.Contains(message, (await RunAsync(node, arguments)).Failure(), StringComparison.Ordinal);

    private async Task<string> OkAsync(string node, params string[] arguments) => (await RunAsync(node, arguments)).Success();

    private Task<CommandOutput> RunAsync(string node, params string[] arguments) => swarm.RunAsync(node, arguments);

    /// <summary>Two nodes, two attachable networks with a task of each on both nodes, and one that is not attachable.</summary>
    public sealed class Swarm : IAsyncLifetime
    {
        private string docker = "";

        internal NamedCluster Cluster { get; } = new(Manager);

        public async ValueTask InitializeAsync()
        {
            docker = await DockerTool.GetAsync();
            await Cluster.UpAsync("--nodes", "2");
            await OkAsync("swarm", "init");
            foreach (var network in (string[])["one", "two"])
            {
                await OkAsync("network", "create", "-d", "overlay", "--attachable", network);
                await OkAsync("service", "create", "--name", "in-" + network, "--mode", "global", "--network", network, EndToEnd.Cluster.Image);
            }

            await OkAsync("network", "create", "-d", "overlay", "shut");
        }

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();

        internal async Task<CommandOutput> RunAsync(string node, params string[] arguments)
        {
            var host = (await Cluster.FlotillaAsync(node == Manager ? ["docker-env"] : ["docker-env", "--node", node])).Trim().Split('=', 2)[1];
            return await CommandLine.RunAsync(docker, arguments, environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host, ["HOME"] = Cluster.Home });
        }

        private async Task OkAsync(params string[] arguments) => (await RunAsync(Manager, arguments)).Success();
    }
}
