using System.Text;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>Other versions take over a running cluster of two nodes, or fail to.</summary>
public sealed class UpgradeTests : IAsyncLifetime
{
    private static readonly string Program = Path.Combine(Repository.Root, ".build", "flotilla");
    private readonly NamedCluster cluster = new("upgrade");

    public async ValueTask InitializeAsync() => await cluster.UpAsync("--nodes", "2", "--api-port", "7445");

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_newer_version_takes_over_without_touching_containers_and_one_that_fails_gives_way_to_the_one_before()
    {
        await cluster.ApplyAsync(Workload("runs", "test -d /"));
        await cluster.ApplyAsync(Workload("waits", "test -f /tmp/go"));
        await cluster.KubectlAsync("rollout", "status", "deployment/runs", "--timeout=60s");
        await Eventually.GetAsync(() => RunningAsync(), running => running == 4);
        var before = await ContainersAsync();
        var watch = cluster.BeginKubectlAsync("rollout", "status", "deployment/waits", "--timeout=500s");

        // Killed when the program of before has ended: the next start finishes it or takes it back.
        var newer = await BuildAsync("0.2.0", dataVersion: 2);
        var server = (await File.ReadAllTextAsync(Path.Combine(cluster.DataDirectory, "flotilla.pid"))).Trim();
        using (var killed = cluster.Begin(Path.Combine(newer, "flotilla"), "upgrade"))
        {
            for (var looks = 0; Runs(server); looks++)
            {
                Assert.True(looks < 6000, "After a minute the program of before still runs.");
                await Task.Delay(10);
            }

            killed.Kill();
        }

        Assert.True(File.Exists(Path.Combine(cluster.DataDirectory, "upgrade.json")));
        (await cluster.RunAsync(Path.Combine(newer, "flotilla"), "up")).Success();
        Assert.False(File.Exists(Path.Combine(cluster.DataDirectory, "upgrade.json")));
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s");
        Assert.Equal(before, await ContainersAsync());
        Assert.Contains("Flotilla 0.2.0", (await cluster.RunAsync(Path.Combine(newer, "flotilla"), "upgrade")).Success(), StringComparison.Ordinal);
        Assert.Equal("v1.36.2+flotilla.0.2.0 v1.36.2+flotilla.0.2.0", await cluster.KubectlAsync("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}"));
        Assert.Contains("version 0.2.0", await cluster.FlotillaAsync("status"), StringComparison.Ordinal);
        foreach (var pod in await cluster.PodsAsync("waits"))
        {
            await cluster.KubectlAsync("exec", (string)pod!["metadata"]!["name"]!, "--", "touch", "/tmp/go");
        }

        Assert.Contains("successfully rolled out", (await watch).Success(), StringComparison.Ordinal);

        // It makes the data its own and spoils it, and is never ready.
        await cluster.KubectlAsync("create", "configmap", "kept");
        var broken = await BuildAsync("0.3.0", dataVersion: 3);
        await File.WriteAllTextAsync(Path.Combine(broken, "flotilla"), """
            #!/bin/sh
            case $1 in
                version) printf 'flotilla 0.3.0\nkubernetes v1.36.2\ndata 3\n' ;;
                server) echo '{"dataVersion":3,"program":"0.3.0"}' > "$3/version.json"; echo spoilt > "$3/state.db"; while :; do sleep 1; done ;;
            esac
            """);
        var failure = (await cluster.RunAsync(Path.Combine(newer, "flotilla"), "upgrade", "--binary", broken, "--timeout", "3s")).Failure();
        Assert.Contains("Flotilla 0.3.0 did not get ready: it was not ready within 3 s. 0.2.0", failure, StringComparison.Ordinal);
        Assert.Contains("is back, with the data of before", failure, StringComparison.Ordinal);
        await cluster.KubectlAsync("get", "configmap", "kept");
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s");
        Assert.Equal(before, await ContainersAsync());

        // The one that knows only the form of the data before.
        Assert.Contains("knows data of version 1 at most", (await cluster.RunAsync(Path.Combine(Program, "flotilla"), "upgrade")).Failure(), StringComparison.Ordinal);
    }

    // One that has ended and that nobody has asked for yet does not run.
    private static bool Runs(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The same program that says it is another version: its two versions stand in the assembly as text.</summary>
    private async Task<string> BuildAsync(string version, int dataVersion)
    {
        var build = Path.Combine(cluster.Home, version);
        (await CommandLine.RunAsync("cp", ["-r", Program, build])).Success();
        var assembly = Path.Combine(build, "flotilla.dll");
        var bytes = await File.ReadAllBytesAsync(assembly);
        Replace(bytes, "0.1.0", version);
        Replace(bytes, "FlotillaDataVersion\u00011", $"FlotillaDataVersion\u0001{dataVersion}");
        await File.WriteAllBytesAsync(assembly, bytes);
        return build;
    }

    private static void Replace(byte[] bytes, string text, string by)
    {
        var (old, replacement) = (Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(by));
        Assert.Equal(old.Length, replacement.Length);
        Assert.True(bytes.AsSpan().IndexOf(old) >= 0, $"The assembly does not say '{text}'.");
        for (int at; (at = bytes.AsSpan().IndexOf(old)) >= 0;)
        {
            replacement.CopyTo(bytes, at);
        }
    }

    private async Task<int> RunningAsync() =>
        (await cluster.KubectlAsync("get", "pods", "--field-selector", "status.phase=Running", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private Task<string> ContainersAsync() => cluster.KubectlAsync(
        "get", "pods", "--sort-by=.metadata.name", "-o",
        "jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}");

    // One pod on each node.
    private static string Workload(string name, string probe) => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: {{name}} }
        spec:
          replicas: 2
          selector: { matchLabels: { app: {{name}} } }
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              topologySpreadConstraints:
              - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: {{name}} } } }
              containers:
              - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never, readinessProbe: { periodSeconds: 1, exec: { command: [sh, -c, {{probe}}] } } }
        """;
}
