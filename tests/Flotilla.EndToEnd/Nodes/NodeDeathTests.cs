using System.Diagnostics;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A cluster that notices soon when a node is silent.</summary>
public sealed class VigilantCluster : IAsyncLifetime
{
    internal NamedCluster Cluster { get; } = new("death");

    public async ValueTask InitializeAsync() => await Cluster.UpAsync("--nodes", "2", "--node-monitor-grace-period", "8s", "--api-port", "7443");

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}

/// <summary>A node that dies with everything on it, or that nobody reaches any more.</summary>
public sealed class NodeDeathTests(VigilantCluster vigilant, ITestOutputHelper output) : IClassFixture<VigilantCluster>, IAsyncLifetime
{
    private const string Victim = "death-2";
    private readonly NamedCluster cluster = vigilant.Cluster;

    /// <summary>A pod of each kind, on the victim.</summary>
    public async ValueTask InitializeAsync()
    {
        await cluster.ApplyAsync(Workload("Deployment", "moves", ""));
        await cluster.ApplyAsync(Workload("StatefulSet", "once", "serviceName: once,"));
        await Eventually.GetAsync(() => cluster.KubectlAsync("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}"), nodes => nodes == $"{Victim} {Victim}");
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod", "-l", "app in (moves, once)", "--timeout=60s");
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.KubectlAsync("delete", "deployment/moves", "statefulset/once");
        await cluster.KubectlAsync("wait", "--for=delete", "pod", "--all", "--timeout=60s");
        await cluster.KubectlAsync("label", "node", "death", "runs-");
    }

    [Fact]
    public async Task One_that_nobody_reaches_loses_its_pods_to_others_and_comes_back_without_duplicates()
    {
        var moves = await UidAsync("moves");
        var once = await UidAsync("once");
        await cluster.KubectlAsync("label", "node", "death", "runs=here");
        foreach (var line in (string[])["add table inet cut", "add chain inet cut in { type filter hook input priority -400; }", "add chain inet cut out { type filter hook output priority -400; }", "add rule inet cut in iifname eth0 drop", "add rule inet cut out oifname eth0 drop"])
        {
            await cluster.FlotillaAsync("node", "shell", Victim, "--", "nft", line);
        }

        await Eventually.ContainsAsync(() => cluster.KubectlAsync("get", "node", Victim), "NotReady");
        await Eventually.GetAsync(
            () => cluster.KubectlAsync("get", "node", Victim, "-o", "jsonpath={.spec.taints[*].key}:{.spec.taints[*].effect}"),
            taints => taints.Contains("node.kubernetes.io/unreachable", StringComparison.Ordinal) && taints.Contains("NoExecute", StringComparison.Ordinal));
        await Eventually.GetAsync(() => RunsElsewhereAsync("moves", moves), ready => ready, 90);

        // There it still runs, and of a set there must not be two.
        await Eventually.GetAsync(() => cluster.KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.metadata.deletionTimestamp}"), time => time.Length > 0);
        Assert.Equal(once, await UidAsync("once"));
        Assert.Equal(4, await TasksAsync());

        await cluster.FlotillaAsync("node", "shell", Victim, "--", "nft", "delete table inet cut");
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", Victim, "--timeout=90s");
        await Eventually.GetAsync(() => RunsElsewhereAsync("once", once), ready => ready, 90);
        await Eventually.GetAsync(async () => (await cluster.PodsAsync("moves")).Count + (await cluster.PodsAsync("once")).Count, count => count == 2);
        await Eventually.GetAsync(async () => await TasksAsync() == 2 * (await cluster.KubectlAsync("get", "pods", "--field-selector", $"spec.nodeName={Victim}", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, same => same);
    }

    [Fact]
    public async Task Its_pods_run_elsewhere_a_set_keeps_at_most_one_and_a_node_that_returns_brings_no_duplicates()
    {
        var before = await UidAsync("moves");
        var once = await UidAsync("once");

        var watch = Stopwatch.StartNew();
        await KillAsync();
        await cluster.KubectlAsync("label", "node", "death", "runs=here");
        await Eventually.ContainsAsync(() => cluster.KubectlAsync("get", "node", Victim), "NotReady");
        var noticed = watch.Elapsed;
        await Eventually.GetAsync(() => RunsElsewhereAsync("moves", before), ready => ready, 90);
        output.WriteLine($"A node's death was noticed after {noticed.TotalSeconds:0.0} s, its replacement ran after {watch.Elapsed.TotalSeconds:0.0} s (grace period 8 s, toleration 1 s).");

        // Nobody knows whether the set's pod still runs there: only who says that the machine is off lets it run elsewhere.
        await Eventually.GetAsync(() => cluster.KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.metadata.deletionTimestamp}"), time => time.Length > 0);
        Assert.Equal(once, await UidAsync("once"));
        await cluster.KubectlAsync("taint", "node", Victim, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
        await Eventually.GetAsync(() => RunsElsewhereAsync("once", once), ready => ready, 90);
        await cluster.KubectlAsync("taint", "node", Victim, "node.kubernetes.io/out-of-service-");

        await cluster.FlotillaAsync("node", "start", Victim);
        await Eventually.GetAsync(async () => (await cluster.PodsAsync("moves")).Count + (await cluster.PodsAsync("once")).Count, count => count == 2, 90);
        Assert.Equal("", await cluster.KubectlAsync("get", "pods", "--field-selector", $"spec.nodeName={Victim}", "-o", "name"));
        await Eventually.GetAsync(TasksAsync, tasks => tasks == 0);
    }

    private Task<string> UidAsync(string app) => cluster.KubectlAsync("get", "pods", "-l", $"app={app}", "-o", "jsonpath={.items[0].metadata.uid}");

    private async Task<bool> RunsElsewhereAsync(string app, string before) =>
        (await cluster.PodsAsync(app)).Any(pod => (string)pod!["metadata"]!["uid"]! != before && NamedCluster.IsReady(pod));

    // Of each pod two: its container and the one that holds its network.
    private async Task<int> TasksAsync() =>
        (await cluster.FlotillaAsync("node", "shell", Victim, "--", "ctr", "tasks", "ls", "-q")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>Agent, runtime, shims and containers, with no chance to tell anybody.</summary>
    private async Task KillAsync()
    {
        var data = Path.Combine(cluster.DataDirectory, "nodes", Victim);
        var run = (string)(await cluster.SettingsAsync(Victim))["runDirectory"]!;
        const string script = """
            die() { local p; for p in $(pgrep -P "$1"); do die "$p"; done; kill -9 "$1" 2> /dev/null; }
            kill -9 "$(cat "$1/flotilla.pid")"
            for p in $(pgrep -f -- "$1/|$2/"); do [ "$p" = $$ ] || die "$p"; done
            true
            """;
        (await CommandLine.RunAsync("bash", ["-c", script, "bash", data, run])).Success();
    }

    // Where they may run changes with the label: first on the victim alone, which is the only one that is not the server.
    private static string Workload(string kind, string name, string more) => $$"""
        apiVersion: apps/v1
        kind: {{kind}}
        metadata: { name: {{name}} }
        spec:
          {{(more.Length > 0 ? more.TrimEnd(',') : "replicas: 1")}}
          selector: { matchLabels: { app: {{name}} } }
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              terminationGracePeriodSeconds: 1
              affinity:
                nodeAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                    nodeSelectorTerms:
                    - matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [{{Victim}}] }]
                    - matchExpressions: [{ key: runs, operator: In, values: [here] }]
              tolerations:
              - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
              - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
              containers:
              - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        """;
}
