using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Servers;

/// <summary>
/// Three servers, of which the one that leads is killed with its etcd: under a load of creates, and again and again under
/// reads and writes whose history is checked. Twice, or as often as <c>./test --failover ROUNDS</c> says.
/// </summary>
public sealed class FailoverTests(ThreeServers cluster, ITestOutputHelper output) : IClassFixture<ThreeServers>
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("FLOTILLA_FAILOVERS"), out var rounds) ? rounds : 1;

    [Fact]
    public async Task Every_server_answers_for_all_and_reaches_the_workers_pods()
    {
        await OkAsync(null, "create", "namespace", "any");
        foreach (var (index, server) in ThreeServers.Names.Index())
        {
            await OkAsync(server, "-n", "any", "create", "configmap", $"by-{index}");
            foreach (var other in ThreeServers.Names)
            {
                Assert.Equal($"configmap/by-{index}", await OkAsync(other, "-n", "any", "get", "configmap", $"by-{index}", "-o", "name"));
            }
        }

        (await cluster.KubectlAsync(null, Pod("far"), "-n", "any", "apply", "-f", "-")).Success();
        await OkAsync(null, "-n", "any", "wait", "--for=condition=Ready", "pod/far", "--timeout=60s");
        foreach (var server in ThreeServers.Names)
        {
            Assert.Contains("serving on port", await OkAsync(server, "-n", "any", "logs", "far"), StringComparison.Ordinal);
            Assert.Equal("far", await OkAsync(server, "-n", "any", "exec", "far", "--", "hostname"));
        }

        var places = JsonNode.Parse(await OkAsync(null, "get", "endpoints", "kubernetes", "-o", "json"))!["subsets"]![0]!["addresses"]!.AsArray();
        Assert.Equal(cluster.Addresses.Values.Select(address => address.Host).Order(StringComparer.Ordinal), places.Select(place => (string)place!["ip"]!));
        var listed = (await cluster.FlotillaAsync("node", "ls")).Success();
        Assert.Equal((1, 2), (Count(listed, "Leader"), Count(listed, "Reachable")));
    }

    [Fact]
    public async Task A_leader_that_is_killed_loses_nothing_and_others_write_and_lead_on()
    {
        await OkAsync(null, "create", "namespace", "load");
        var load = new CreateLoad(cluster, "load");
        var running = load.RunAsync();
        await Eventually.GetAsync(() => Task.FromResult(load.Acknowledged.Count), count => count > 100);
        var leader = await LeaderAsync();
        var killed = Stopwatch.GetTimestamp();
        await cluster.KillAsync(leader);

        // The kubeconfig leads to another server, and controllers work there: they give each namespace its account.
        await Eventually.GetAsync(() => cluster.KubectlAsync(null, null, "create", "namespace", "after"), made => made.ExitCode == 0);
        var answered = Stopwatch.GetElapsedTime(killed);
        await Eventually.GetAsync(() => cluster.KubectlAsync(null, null, "-n", "after", "get", "serviceaccount", "default"), found => found.ExitCode == 0);
        var controlled = Stopwatch.GetElapsedTime(killed);
        await Eventually.GetAsync(() => Task.FromResult(load.ResumedAfter(Stopwatch.GetTimestamp() - Stopwatch.Frequency)), silent => silent < TimeSpan.MaxValue);
        load.End();
        await running;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Acknowledged.Count} creates; {leader} was killed: longest silence of all clients {load.LongestSilence().TotalSeconds:0.00} s, kubectl answered within {answered.TotalSeconds:0.00} s, a controller had worked after {controlled.TotalSeconds:0.00} s"));

        var rest = ThreeServers.Names.First(name => name != leader);
        var there = (await OkAsync(rest, "-n", "load", "get", "configmaps", "-o", "name")).Split('\n').Select(name => name.Split('/')[1]).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(load.Acknowledged.ToHashSet(StringComparer.Ordinal), there);
        Assert.Equal(1, Count((await cluster.FlotillaAsync("node", "ls")).Success(), "Unreachable"));

        await cluster.RestartAsync(leader);
        await Eventually.ContainsAsync(async () => (await cluster.FlotillaAsync("node", "ls")).All, leader);
        await Eventually.GetAsync(async () => Count((await cluster.FlotillaAsync("node", "ls")).All, "Unreachable"), count => count == 0);
        Assert.Equal(there.Count.ToString(CultureInfo.InvariantCulture), (await OkAsync(leader, "-n", "load", "get", "configmaps", "-o", "name")).Split('\n').Length.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Whatever_is_killed_the_history_of_each_object_is_that_of_one_register()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            // Each history begins with nothing.
            await Eventually.GetAsync(() => cluster.KubectlAsync(null, null, "create", "namespace", $"registers-{round}"), made => made.ExitCode == 0);
            var load = new RegisterLoad(cluster, $"registers-{round}", random.Next());
            var running = load.RunAsync();
            await Task.Delay(random.Next(500, 2000));
            var victim = await LeaderAsync();
            await cluster.KillAsync(victim);
            var before = load.Count;
            await Eventually.GetAsync(() => Task.FromResult(load.Count), count => count > before + 200);
            await cluster.RestartAsync(victim);
            load.End();
            await running;
            var problems = load.Problems();
            output.WriteLine($"round {round + 1}: {victim} killed, {load.Count} operations, {problems.Count} problems");
            Assert.Empty(problems);
        }
    }

    [Fact]
    public async Task The_authority_is_rotated_although_the_leader_is_killed_in_the_middle()
    {
        var old = Path.GetTempFileName();
        File.Copy(cluster.Kubeconfig, old, overwrite: true);
        await OkAsync(null, "create", "namespace", "rotated");
        (await cluster.KubectlAsync(null, Pod("stays"), "-n", "rotated", "apply", "-f", "-")).Success();
        await OkAsync(null, "-n", "rotated", "wait", "--for=condition=Ready", "pod/stays", "--timeout=60s");

        // While the worker holds still it cannot end.
        await cluster.SignalAsync(ThreeServers.Worker, "STOP");
        var leader = await LeaderAsync();
        try
        {
            (await cluster.FlotillaAsync("ca", "rotate", "--detach")).Success();
            await Eventually.ContainsAsync(async () => (await cluster.FlotillaAsync("ca", "show")).Error, $"Waiting for {ThreeServers.Worker} (");
            await cluster.KillAsync(leader);
            await Eventually.GetAsync(() => cluster.KubectlAsync(null, null, "-n", "rotated", "create", "configmap", "after"), made => made.ExitCode == 0);
            await Eventually.ContainsAsync(async () => (await cluster.FlotillaAsync("ca", "show")).Error, $"Waiting for {ThreeServers.Worker} (");
        }
        finally
        {
            await cluster.SignalAsync(ThreeServers.Worker, "CONT");
        }

        var authority = (await Eventually.GetAsync(() => cluster.FlotillaAsync("ca", "show"), shown => shown is { ExitCode: 0, Error: "" }, 120)).Success();
        await cluster.RestartAsync(leader);
        Assert.Equal(authority, (await cluster.FlotillaAsync("ca", "show")).Success());
        foreach (var server in ThreeServers.Names)
        {
            Assert.Contains("Unauthorized", (await cluster.KubectlAsync(server, null, "--kubeconfig", old, "get", "--raw", "/api/v1/nodes")).Failure(), StringComparison.Ordinal);
            Assert.Contains("serving on port", await OkAsync(server, "-n", "rotated", "logs", "stays"), StringComparison.Ordinal);
            Assert.Equal("stays", await OkAsync(server, "-n", "rotated", "exec", "stays", "--", "hostname"));
        }

        Assert.Equal("0", await OkAsync(null, "-n", "rotated", "get", "pod", "stays", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"));
        File.Delete(old);
    }

    [Fact]
    public async Task Status_answers_and_says_who_holds_everything_up()
    {
        var silent = ThreeServers.Names.Where(name => name != ThreeServers.First).ToList();
        try
        {
            foreach (var server in silent)
            {
                await cluster.SignalAsync(server, "STOP", "etcd");
            }

            var told = await cluster.FlotillaAsync("status");
            Assert.NotEqual(0, told.ExitCode);
            var words = string.Join(' ', told.Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains($"etcd has lost its quorum and nothing can be written: of 3 members 2 must be there, but {string.Join(", ", silent)} do not answer", words, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var server in silent)
            {
                await cluster.SignalAsync(server, "CONT", "etcd");
            }
        }

        await Eventually.GetAsync(() => cluster.FlotillaAsync("status"), shown => shown.ExitCode == 0, 120);
    }

    private static string Pod(string name) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}} }
        spec:
          nodeName: {{ThreeServers.Worker}}
          containers:
          - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        """;

    private static int Count(string text, string word) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Count(part => part == word);

    private async Task<string> LeaderAsync()
    {
        var holder = await Eventually.GetAsync(
            async () => (await cluster.KubectlAsync(null, null, "-n", "kube-system", "get", "lease", "kube-controller-manager", "-o", "jsonpath={.spec.holderIdentity}")).Output.Trim(), text => text.Contains('_', StringComparison.Ordinal));
        return holder[..holder.LastIndexOf('_')];
    }

    private async Task<string> OkAsync(string? server, params string[] arguments) => (await cluster.KubectlAsync(server, null, arguments)).Success();
}
