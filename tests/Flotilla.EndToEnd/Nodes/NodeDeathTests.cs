using System.Diagnostics;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A node that dies with everything on it, in a cluster of its own that notices soon, beside the shared one.</summary>
public sealed class NodeDeathTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Victim = "death-2";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-death-");
    private string kubectl = "";

    private string DataDirectory => Path.Combine(directory.FullName, "data");

    private Dictionary<string, string> Environs => new() { ["KUBECONFIG"] = Path.Combine(directory.FullName, "kubeconfig"), ["HOME"] = directory.FullName };

    public async ValueTask InitializeAsync()
    {
        kubectl = await KubectlTool.GetAsync(35);
        await FlotillaAsync("up", "--name", "death", "--nodes", "2", "--node-monitor-grace-period", "8s", "--api-port", "7443");
        var image = Path.Combine(directory.FullName, "image.tar");
        (await CommandLine.RunAsync(Path.Combine(Repository.Root, "examples", "my-app", "build-image.sh"), [image, Cluster.Image])).Success();
        await FlotillaAsync("image", "load", image);
    }

    public async ValueTask DisposeAsync()
    {
        await FlotillaAsync("down", "--purge", "--grace-period", "0");
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Its_pods_run_elsewhere_a_set_keeps_at_most_one_and_a_node_that_returns_brings_no_duplicates()
    {
        await ApplyAsync(Workload("Deployment", "moves", ""));
        await ApplyAsync(Workload("StatefulSet", "once", "serviceName: once,"));
        await KubectlAsync("wait", "--for=condition=Ready", "pod", "-l", "app=moves", "--timeout=60s");
        await KubectlAsync("wait", "--for=condition=Ready", "pod", "once-0", "--timeout=60s");
        var before = await KubectlAsync("get", "pods", "-l", "app=moves", "-o", "jsonpath={.items[0].metadata.uid}");
        var once = await KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.metadata.uid}");
        Assert.Equal(Victim, await KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.spec.nodeName}"));

        var watch = Stopwatch.StartNew();
        await KillAsync();
        await KubectlAsync("label", "node", "death", "runs=here");
        await Eventually.ContainsAsync(() => KubectlAsync("get", "node", Victim), "NotReady");
        var noticed = watch.Elapsed;
        await Eventually.GetAsync(async () => (await PodsAsync("moves")).Any(pod => (string)pod!["metadata"]!["uid"]! != before && IsReady(pod)), ready => ready, 90);
        output.WriteLine($"A node's death was noticed after {noticed.TotalSeconds:0.0} s, its replacement ran after {watch.Elapsed.TotalSeconds:0.0} s (grace period 8 s, toleration 1 s).");

        // Nobody knows whether the set's pod still runs there: only who says that the machine is off lets it run elsewhere.
        await Eventually.GetAsync(() => KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.metadata.deletionTimestamp}"), time => time.Length > 0);
        Assert.Equal(once, await KubectlAsync("get", "pod", "once-0", "-o", "jsonpath={.metadata.uid}"));
        await KubectlAsync("taint", "node", Victim, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
        await Eventually.GetAsync(async () => (await PodsAsync("once")).Any(pod => (string)pod!["metadata"]!["uid"]! != once && IsReady(pod)), ready => ready, 90);
        await KubectlAsync("taint", "node", Victim, "node.kubernetes.io/out-of-service-");

        await FlotillaAsync("node", "start", Victim);
        await Eventually.GetAsync(async () => (await PodsAsync("moves")).Count + (await PodsAsync("once")).Count, count => count == 2, 90);
        Assert.Equal("", await KubectlAsync("get", "pods", "--field-selector", $"spec.nodeName={Victim}", "-o", "name"));
        await Eventually.GetAsync(() => FlotillaAsync("node", "shell", Victim, "--", "ctr", "tasks", "ls", "-q"), tasks => tasks.Length == 0);
    }

    /// <summary>Agent, runtime, shims and containers, with no chance to tell anybody.</summary>
    private async Task KillAsync()
    {
        var data = Path.Combine(DataDirectory, "nodes", Victim);
        var run = (string)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(data, "cluster.json")))!["runDirectory"]!;
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

    private static bool IsReady(JsonNode pod) =>
        (pod["status"]!["conditions"] as JsonArray)?.Any(condition => (string)condition!["type"]! == "Ready" && (string)condition["status"]! == "True") == true;

    private async Task<JsonArray> PodsAsync(string app) => (JsonArray)JsonNode.Parse(await KubectlAsync("get", "pods", "-l", $"app={app}", "-o", "json"))!["items"]!;

    private async Task ApplyAsync(string yaml) => (await CommandLine.RunAsync(kubectl, ["apply", "-f", "-"], yaml, Environs)).Success();

    private async Task<string> KubectlAsync(params string[] arguments) => (await CommandLine.RunAsync(kubectl, arguments, environment: Environs)).Success();

    private async Task<string> FlotillaAsync(params string[] arguments) =>
        (await CommandLine.RunAsync(Path.Combine(Repository.Root, "flotilla"), WithData(arguments), environment: Environs, limit: TimeSpan.FromMinutes(5))).Success();

    // Before the words that a shell is given.
    private string[] WithData(string[] arguments)
    {
        var end = Array.IndexOf(arguments, "--");
        end = end < 0 ? arguments.Length : end;
        return [.. arguments[..end], "--data-dir", DataDirectory, .. arguments[end..]];
    }
}
