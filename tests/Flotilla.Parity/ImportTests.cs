using System.Text.Json.Nodes;
using Flotilla.EndToEnd;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.Parity;

/// <summary>What <c>flotilla import docker</c> makes of a real swarm: the specs must be the same, but for ids.</summary>
[Collection(OneSwarm)]
public sealed class ImportTests(Cluster cluster) : IDisposable
{
    /// <summary>Of tests that make and leave the cluster's swarm.</summary>
    public const string OneSwarm = "one swarm";

    private const string Prefix = "moved";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-import-");

    private static readonly string[][] Calls =
    [
        ["network", "create", "-d", "overlay", "--attachable", "--label", "a=b", "--opt", "com.docker.network.driver.mtu=1400", "--subnet", "10.88.9.0/24", $"{Prefix}-net"],
        ["config", "create", "--template-driver", "golang", "-l", "k=v", $"{Prefix}-config", "config.txt"],
        ["secret", "create", "-l", "k=v", $"{Prefix}-secret", "secret.txt"],
        [
            "service", "create", "-q", "-d", "--no-resolve-image", "--name", $"{Prefix}-full", "--replicas", "0", "--network", $"name={Prefix}-net,alias=zz", "--hostname", "{{.Node.Hostname}}",
            "--mount", "type=volume,src=v1,dst=/v,volume-nocopy,volume-label=a=b", "--mount", "type=bind,src=/tmp,dst=/b,bind-propagation=rslave", "--mount", "type=tmpfs,dst=/t,tmpfs-size=1000000",
            "--config", $"source={Prefix}-config,target=/x,mode=0440", "--secret", $"source={Prefix}-secret,target=s,uid=5", "--user", "5", "--group", "7", "--workdir", "/w", "--tty", "--read-only",
            "--log-driver", "json-file", "--log-opt", "max-size=1m", "--container-label", "cl=1", "--dns", "9.9.9.9", "--dns-search", "example.com", "--dns-option", "ndots:2", "--env", "E=two words",
            "--generic-resource", "gpu=1", "--limit-cpu", "0.5", "--limit-memory", "64M", "--limit-pids", "20", "--reserve-memory", "16M", "--cap-add", "NET_ADMIN", "--ulimit", "nofile=1000:2000",
            "--sysctl", "net.core.somaxconn=200", "--init", "--stop-signal", "SIGINT", "--stop-grace-period", "3s", "--host", "somehost:10.0.0.5", "--health-cmd", "true", "--health-interval", "5s",
            "--constraint", "node.role==manager", "--placement-pref", "spread=node.labels.zone", "--replicas-max-per-node", "2", "--restart-condition", "on-failure", "--restart-delay", "1s",
            "--restart-max-attempts", "3", "--restart-window", "9s", "--update-parallelism", "2", "--update-order", "start-first", "--update-failure-action", "rollback", "--rollback-delay", "2s",
            "--publish", "18188:8080", "--publish", "published=18189,target=9000,protocol=udp,mode=host", "--label", "x=y", Cluster.Image, "sh", "-c", "sleep 1000",
        ],
        ["service", "create", "-q", "-d", "--no-resolve-image", "--name", $"{Prefix}-global", "--mode", "global", "--endpoint-mode", "dnsrr", "--network", $"{Prefix}-net", "--constraint", "node.role==nobody", Cluster.Image],
        ["service", "create", "-q", "-d", "--no-resolve-image", "--name", $"{Prefix}-host", "--replicas", "0", "--network", "host", "--restart-condition", "none", Cluster.Image],
    ];

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task A_swarm_that_was_moved_here_says_what_it_said()
    {
        var docker = await DockerTool.GetAsync();
        await using var dockerd = await Dockerd.StartAsync(docker, directory.FullName);
        foreach (var name in new[] { "config.txt", "secret.txt" })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "files", name), Path.Combine(directory.FullName, name));
        }

        var real = new Engine(docker, dockerd.Host, directory.FullName);
        var own = new Engine(docker, (await cluster.FlotillaAsync("docker-env")).Success().Split('=', 2)[1], directory.FullName);
        (await real.RunAsync("swarm", "init", "--advertise-addr", "192.0.2.77")).Success();
        await own.RunAsync("swarm", "init");
        foreach (var call in Calls)
        {
            (await real.RunAsync(call)).Success();
        }

        try
        {
            var first = (await cluster.FlotillaAsync("import", "docker", "--from", dockerd.Host)).Success();
            Assert.Contains($"service {Prefix}-full: waits for secret {Prefix}-secret", first, StringComparison.Ordinal);
            (await own.RunAsync(Calls[2])).Success();
            (await cluster.FlotillaAsync("import", "docker", "--from", dockerd.Host)).Success();
            foreach (var name in new[] { "full", "global", "host" })
            {
                Assert.Equal(await SpecAsync(real, name), await SpecAsync(own, name));
            }

            const string network = "{{.Name}} {{.Driver}} {{.Attachable}} {{json .IPAM.Config}} {{json .Labels}} {{index .Options \"com.docker.network.driver.mtu\"}}";
            Assert.Equal((await real.RunAsync("network", "inspect", $"{Prefix}-net", "--format", network)).Success(), (await own.RunAsync("network", "inspect", $"{Prefix}-net", "--format", network)).Success());
            Assert.Equal(
                (await real.RunAsync("config", "inspect", $"{Prefix}-config", "--format", "{{json .Spec}}")).Success(), (await own.RunAsync("config", "inspect", $"{Prefix}-config", "--format", "{{json .Spec}}")).Success());
        }
        finally
        {
            await own.RunAsync("service", "rm", $"{Prefix}-full", $"{Prefix}-global", $"{Prefix}-host");
            await own.RunAsync("config", "rm", $"{Prefix}-config");
            await own.RunAsync("secret", "rm", $"{Prefix}-secret");
            await own.RunAsync("network", "rm", $"{Prefix}-net");
            await own.RunAsync("swarm", "leave", "--force");
        }
    }

    // Ids are each swarm's own, and the networks of a spec are told by them.
    private static async Task<string> SpecAsync(Engine engine, string name)
    {
        var spec = JsonNode.Parse((await engine.RunAsync("service", "inspect", $"{Prefix}-{name}", "--format", "{{json .Spec}}")).Success())!;
        foreach (var reference in Values(spec["TaskTemplate"]!["ContainerSpec"]!["Secrets"]).Concat(Values(spec["TaskTemplate"]!["ContainerSpec"]!["Configs"])))
        {
            reference.Remove("SecretID");
            reference.Remove("ConfigID");
        }

        foreach (var attachment in Values(spec["TaskTemplate"]!["Networks"]))
        {
            attachment["Target"] = (await engine.RunAsync("network", "inspect", (string)attachment["Target"]!, "--format", "{{.Name}}")).Success();
        }

        return Sorted(spec)!.ToJsonString();
    }

    private static IEnumerable<JsonObject> Values(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();

    private static JsonNode? Sorted(JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => value?.DeepClone(),
    };
}
