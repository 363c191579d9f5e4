using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>The stock docker CLI against a cluster: the swarm's story as it is taught, seen from kubectl too.</summary>
public sealed class DockerTests(Cluster cluster) : IAsyncLifetime
{
    private const string Detached = "--detach";
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-docker-").FullName;
    private string docker = "";
    private string host = "";

    public async ValueTask InitializeAsync()
    {
        docker = await DockerTool.GetAsync();
        host = (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1];
        await OkAsync("swarm", "init");
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("swarm", "leave", "--force");
        await Eventually.GetAsync(() => cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.task", "-o", "name"), pods => pods.Length == 0, 60);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_service_is_made_scaled_updated_and_rolled_back_and_both_worlds_agree()
    {
        await OkAsync("service", "create", "--name", "web", "--replicas", "2", "--update-monitor", "1s", "--rollback-monitor", "1s", "--env", "SOME_ENV=one", Cluster.Image);
        Assert.Contains("2/2", await OkAsync("service", "ls"), StringComparison.Ordinal);
        Assert.Equal("2", await cluster.KubectlOkAsync("get", "swarmservice", "web", "-o", "jsonpath={.status.runningTasks}"));
        await OkAsync("service", "scale", "web=3");
        Assert.Equal(["web.1", "web.2", "web.3"], (await OkAsync("service", "ps", "web", "--format", "{{.Name}}")).Split('\n').Order(StringComparer.Ordinal));
        Assert.Contains("serving on port 8080", await Eventually.GetAsync(() => OkAsync("service", "logs", "web"), logs => logs.Contains("web.3", StringComparison.Ordinal), 30), StringComparison.Ordinal);

        var exec = await cluster.FlotillaAsync("service", "exec", "web.2", "--", "sh", "-c", "echo $SOME_ENV; exit 4");
        Assert.Equal((4, "one"), (exec.ExitCode, exec.Output.Trim()));
        Assert.Contains("No running task is web.9", (await cluster.FlotillaAsync("service", "exec", "web.9", "true")).Failure(), StringComparison.Ordinal);

        await OkAsync("service", "update", "--update-parallelism", "3", "--env-add", "SOME_ENV=two", "web");
        Assert.Equal("completed", await OkAsync("service", "inspect", "web", "--format", "{{.UpdateStatus.State}}"));
        Assert.Equal(3, (await OkAsync("service", "ps", "web", "--filter", "desired-state=shutdown", "--format", "{{.CurrentState}}")).Split('\n').Count(state => state.StartsWith("Shutdown", StringComparison.Ordinal)));
        await OkAsync("service", "rollback", "web");
        Assert.Equal("[SOME_ENV=one]", await OkAsync("service", "inspect", "web", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Env}}"));

        await OkAsync("service", "rm", "web");
        await FailsAsync("no such task or service: web", "service", "logs", "web");
        await Eventually.GetAsync(() => cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.service.name=web", "-o", "name"), pods => pods.Length == 0, 60);
    }

    [Fact]
    public async Task A_killed_task_is_followed_by_another_and_a_drained_node_has_none()
    {
        await OkAsync("service", "create", "--name", "mend", "--restart-delay", "1s", Cluster.Image);
        var first = await OkAsync("service", "ps", "mend", "-q", "--no-trunc");
        await cluster.KubectlOkAsync("delete", "pod", $"mend.1.{first}", "--wait=false");
        await Eventually.GetAsync(() => OkAsync("service", "ps", "mend", "-q", "--no-trunc", "--filter", "desired-state=running"), task => task.Length > 0 && task != first, 60);
        await Eventually.GetAsync(() => OkAsync("service", "ls"), list => list.Contains("1/1", StringComparison.Ordinal), 60);

        var node = await OkAsync("node", "ls", "--format", "{{.Hostname}}");
        await OkAsync("node", "update", "--availability", "drain", node);
        Assert.Equal("true", await cluster.KubectlOkAsync("get", "node", node, "-o", "jsonpath={.spec.unschedulable}"));
        var drained = await Eventually.GetAsync(() => OkAsync("service", "ps", "mend", "--no-trunc"), tasks => tasks.Contains("no suitable node", StringComparison.Ordinal), 60);
        Assert.Contains("Pending", drained, StringComparison.Ordinal);
        await OkAsync("node", "update", "--availability", "active", node);
        await Eventually.GetAsync(() => OkAsync("service", "ls"), list => list.Contains("1/1", StringComparison.Ordinal), 60);
        await OkAsync("service", "rm", "mend");
    }

    [Fact]
    public async Task A_stack_has_its_secret_config_network_names_and_port()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "secret.txt"), "open sesame");
        await File.WriteAllTextAsync(Path.Combine(directory, "config.txt"), "level=9");
        await File.WriteAllTextAsync(Path.Combine(directory, "stack.yml"), Stack);
        await OkAsync("stack", "deploy", Detached, "-c", Path.Combine(directory, "stack.yml"), "shop");
        await Eventually.GetAsync(() => OkAsync("stack", "services", "shop", "--format", "{{.Name}} {{.Replicas}}"), list => list.Contains("shop_web 2/2", StringComparison.Ordinal) && list.Contains("shop_db 1/1", StringComparison.Ordinal), 90);
        Assert.Equal("shop", (await OkAsync("stack", "ls", "--format", "{{.Name}}")).Trim());

        var answer = await Eventually.GetAsync(() => CommandLine.RunAsync("curl", ["-s", "http://127.0.0.1:18080/"]), answer => answer.ExitCode == 0, 60);
        Assert.StartsWith("SOME_ENV=shop", answer.Output, StringComparison.Ordinal);
        var task = (await cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.service.name=shop_web", "-o", "name")).Split('\n')[0];
        Assert.Equal("open sesamelevel=9", await InAsync(task, "cat /run/secrets/token /etc/level"));
        Assert.Contains("from ", await InAsync(task, "wget -qO- http://db:8080/"), StringComparison.Ordinal);
        Assert.Contains("from ", await InAsync(task, "wget -qO- http://shop_db:8080/"), StringComparison.Ordinal);
        Assert.Contains("Address", await InAsync(task, "nslookup tasks.db.$(sed -n 's/^search \\([^ ]*\\).*/\\1/p' /etc/resolv.conf)"), StringComparison.Ordinal);

        // By its slot, on this machine as on others.
        var words = task.Split('.');
        Assert.StartsWith((await OkAsync("exec", $"shop_web.{words[1]}", "hostname")).Trim(), words[2], StringComparison.Ordinal);

        // Proxies find tasks by this.
        var addresses = await OkAsync("inspect", task[(task.LastIndexOf('.') + 1)..], "--format", "{{range .NetworksAttachments}}{{.Network.Spec.Name}}={{index .Addresses 0}} {{end}}");
        var own = (await cluster.KubectlOkAsync("get", task, "-o", "jsonpath={.status.podIP}")).Trim();
        Assert.Equal($"ingress={own}/24 shop_default={own}/24", addresses.Trim());

        // A container of this machine is in the network too, one of another network is not.
        Assert.Contains("from ", await OkAsync("run", "--rm", "--network", "shop_default", "--entrypoint", "sh", Cluster.Image, "-c", "timeout 20 wget -qO- http://db:8080/; exit $?"), StringComparison.Ordinal);
        var address = (await cluster.KubectlOkAsync("get", "pods", "-l", "com.docker.swarm.service.name=shop_db", "-o", "jsonpath={.items[0].status.podIP}")).Trim();
        await OkAsync("network", "create", "-d", "overlay", "--attachable", "apart");
        Assert.NotEqual(0, (await RunAsync("run", "--rm", "--network", "apart", "--entrypoint", "sh", Cluster.Image, "-c", $"timeout 2 wget -qO- http://{address}:8080/; exit $?")).ExitCode);
        await OkAsync("network", "rm", "apart");

        // The same again changes nothing; what is in use stays.
        await OkAsync("stack", "deploy", Detached, "-c", Path.Combine(directory, "stack.yml"), "shop");
        Assert.Contains("is in use by the following service", (await RunAsync("secret", "rm", "shop_token")).Failure(), StringComparison.Ordinal);
        await OkAsync("stack", "rm", "shop");
        Assert.Equal("", await OkAsync("secret", "ls", "-q"));
    }

    [Fact]
    public async Task Bad_input_is_told_in_Dockers_words()
    {
        await OkAsync("service", "create", Detached, "--name", "one", "--constraint", "node.labels.none==x", "--publish", "18099:80", Cluster.Image);
        await FailsAsync("name conflicts with an existing object: service one already exists", "service", "create", Detached, "--name", "one", Cluster.Image);
        await FailsAsync("port '18099' is already in use by service 'one'", "service", "create", Detached, "--name", "two", "--publish", "18099:80", Cluster.Image);
        await FailsAsync("key 'no key' is invalid", "service", "create", Detached, "--constraint", "no key==1", Cluster.Image);
        await FailsAsync("port published with ingress mode can't be used with dnsrr mode", "service", "create", Detached, "--endpoint-mode", "dnsrr", "--publish", "80:80", Cluster.Image);
        await FailsAsync("network nope not found", "service", "create", Detached, "--network", "nope", Cluster.Image);
        await FailsAsync("does not have a previous spec", "service", "rollback", "one");
        await FailsAsync("This node is already part of a swarm", "swarm", "init");
        await FailsAsync("attempting to demote the last manager of the swarm", "node", "demote", await OkAsync("node", "ls", "-q"));
        Assert.Contains("no suitable node (scheduling constraints not satisfied on 1 node)", await Eventually.GetAsync(() => OkAsync("service", "ps", "one", "--no-trunc"), tasks => tasks.Contains("no suitable", StringComparison.Ordinal), 60), StringComparison.Ordinal);
        await OkAsync("service", "rm", "one");
    }

    private const string Stack = """
        version: "3.8"
        services:
          web:
            image: my-image
            environment:
              SOME_ENV: shop
            ports:
              - "18080:8080"
            secrets:
              - token
            configs:
              - source: level
                target: /etc/level
            deploy:
              replicas: 2
          db:
            image: my-image
        networks:
          default:
            attachable: true
        secrets:
          token:
            file: ./secret.txt
        configs:
          level:
            file: ./config.txt
        """;

    private async Task FailsAsync(string message, params string[] arguments) => Assert.Contains(message, (await RunAsync(arguments)).Failure(), StringComparison.Ordinal);

    private Task<string> InAsync(string pod, string line) => cluster.KubectlOkAsync("exec", pod, "--", "sh", "-c", line);

    private async Task<string> OkAsync(params string[] arguments) => (await RunAsync(arguments)).Success();

    private Task<CommandOutput> RunAsync(params string[] arguments) =>
        CommandLine.RunAsync(docker, arguments, environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host, ["HOME"] = directory });
}
