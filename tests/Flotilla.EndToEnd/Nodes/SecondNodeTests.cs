using System.Security.Cryptography.X509Certificates;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A node of its own network, runtime and agent, which nothing can connect to.</summary>
public sealed class SecondNodeTests(SecondNode node) : IClassFixture<SecondNode>
{
    private readonly Cluster cluster = node.Cluster;

    [Fact]
    public async Task Pods_there_are_read_entered_and_forwarded_to_while_the_node_takes_no_connections()
    {
        await using var space = await Space.CreateAsync(cluster);
        await BlockAsync();
        await space.ApplyAsync(SecondNode.Pod("far"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/far", "--timeout=60s");

        Assert.Contains("serving on port", await space.OkAsync("logs", "far"), StringComparison.Ordinal);
        for (var time = 0; time < 10; time++)
        {
            // Each opens a connection of its own and drops it.
            Assert.Equal("far", await space.OkAsync("exec", "far", "--", "hostname"));
        }

        Assert.Equal("typed", (await space.RunAsync(35, "typed", "exec", "-i", "far", "--", "cat")).Success());
        Assert.Equal(3, (await space.RunAsync("exec", "far", "--", "sh", "-c", "exit 3")).ExitCode);
        await space.OkAsync("cp", Path.Combine(Repository.Root, "README.md"), "far:/tmp/copied");
        Assert.Equal(
            (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"))).Trim(), await space.OkAsync("exec", "far", "--", "cat", "/tmp/copied"));
        Assert.Equal("ok", await cluster.KubectlOkAsync("get", "--raw", $"/api/v1/nodes/{SecondNode.Name}/proxy/healthz"));
        Assert.Contains("\"nodeName\":\"second\"", await cluster.KubectlOkAsync("get", "--raw", $"/api/v1/nodes/{SecondNode.Name}/proxy/stats/summary"), StringComparison.Ordinal);
        await ForwardAsync(space, "far");
    }

    [Fact]
    public async Task Certificates_are_renewed_in_place_and_the_node_goes_on_with_the_new_ones()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(SecondNode.Pod("stays"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/stays", "--timeout=60s");
        await StopAgentAsync();

        // Certificates hold from five minutes before they are made: three seconds after that they are renewed.
        var program = Path.Combine(Repository.Root, ".build", "flotilla", "flotilla");
        var first = Serial();
        using var agent = CommandLine.Start(
            Path.Combine(Repository.Root, "flotilla"),
            ["node", "shell", SecondNode.Name, "--data-dir", cluster.DataDirectory, "--", program, "agent", "--data-dir", node.DataDirectory, "--renew-certificates-after", "303s"]);
        try
        {
            var second = await Eventually.GetAsync(() => Task.FromResult(Serial()), serial => serial != first);
            await Eventually.GetAsync(() => Task.FromResult(Serial()), serial => serial != second);
            Assert.Equal("stays", await space.OkAsync("exec", "stays", "--", "hostname"));
            await Eventually.ContainsAsync(() => cluster.KubectlOkAsync("get", "node", SecondNode.Name), " Ready");
            Assert.Equal("0", await space.FieldAsync("pod/stays", ".status.containerStatuses[0].restartCount"));
        }
        finally
        {
            await StopAgentAsync();
            await agent.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            (await cluster.FlotillaAsync("node", "start", SecondNode.Name)).Success();
        }
    }

    [Fact]
    public async Task A_node_that_was_switched_off_comes_back_with_the_same_pods()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(SecondNode.Pod("same"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/same", "--timeout=60s");
        var uid = await space.FieldAsync("pod/same", ".metadata.uid");
        (await cluster.FlotillaAsync("node", "stop", SecondNode.Name)).Success();
        Assert.Contains("stopped", (await cluster.FlotillaAsync("node", "ls")).Success(), StringComparison.Ordinal);

        (await cluster.FlotillaAsync("node", "start", SecondNode.Name)).Success();
        await Eventually.GetAsync(() => space.FieldAsync("pod/same", ".status.containerStatuses[0].restartCount"), count => count == "1");
        await space.OkAsync("wait", "--for=condition=Ready", "pod/same", "--timeout=60s");
        Assert.Equal(uid, await space.FieldAsync("pod/same", ".metadata.uid"));
    }

    [Fact]
    public async Task A_paused_cluster_takes_no_processor_time_and_goes_on_where_it_was()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(SecondNode.Pod("counts"));
        await space.OkAsync("wait", "--for=condition=Ready", "pod/counts", "--timeout=60s");
        (await cluster.FlotillaAsync("pause")).Success();
        try
        {
            var still = await TicksAsync();
            await Task.Delay(500);
            Assert.Equal(still, await TicksAsync());
            Assert.Contains("paused", (await cluster.FlotillaAsync("status")).Output, StringComparison.Ordinal);
        }
        finally
        {
            Assert.Equal("The cluster goes on.", (await cluster.FlotillaAsync("unpause")).Success());
        }

        Assert.Equal("counts", await space.OkAsync("exec", "counts", "--", "hostname"));
        Assert.Equal("0", await space.FieldAsync("pod/counts", ".status.containerStatuses[0].restartCount"));
    }

    [Fact]
    public async Task A_machine_that_cannot_join_is_told_why_in_a_sentence()
    {
        await using var machine = await OtherMachine.CreateAsync(node);
        var command = (await cluster.FlotillaAsync("token", "create", "--ttl", "10m")).Success();
        var token = command[(command.LastIndexOf(' ') + 1)..];
        var id = token.Split("::")[1].Split('.')[0];

        Assert.Equal("flotilla: --token is no join token: it begins with FLOTILLA1, ends with ID.SECRET and is printed by 'flotilla token create' on a server.", await machine.RefusedAsync("nonsense"));
        Assert.Equal($"flotilla: --server {machine.Server[8..]} must be an https address like https://10.0.0.1:6443.", await machine.RefusedAsync(token, machine.Server[8..]));
        Assert.StartsWith("flotilla: No server answers at https://127.0.0.1:6443 (connection refused); check the address", await machine.RefusedAsync(token, "https://127.0.0.1"), StringComparison.Ordinal);
        Assert.Contains(
            "belongs to another cluster than the token", await machine.RefusedAsync($"FLOTILLA1{new string('0', 64)}::{token.Split("::")[1]}"), StringComparison.Ordinal);
        Assert.Equal(
            "flotilla: There is no worker token wrong1 in this cluster: it is mistyped, or one for managers; make a new one with 'flotilla token create' on a server.",
            await machine.RefusedAsync($"{token.Split("::")[0]}::wrong1.0123456789abcdef"));
        Assert.Equal(
            "flotilla: The cluster refuses this machine: a node named second is alive in this cluster; give this machine another name with --node-name, or remove that node first with: flotilla node rm second.",
            await machine.RefusedAsync(token, nodeName: SecondNode.Name));
        Assert.Contains(id, (await cluster.FlotillaAsync("token", "list")).Success(), StringComparison.Ordinal);
        (await cluster.FlotillaAsync("token", "revoke", id)).Success();
        Assert.Contains($"The worker token {id} was revoked at", await machine.RefusedAsync(token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_node_is_refused_and_its_name_is_free_for_a_new_one()
    {
        await using var machine = await OtherMachine.CreateAsync(node);
        var command = (await cluster.FlotillaAsync("token", "create")).Success();
        using (var agent = machine.Start(command[(command.LastIndexOf(' ') + 1)..], "leaves"))
        {
            await Eventually.ContainsAsync(async () => (await cluster.KubectlAsync("get", "node", "leaves")).All, " Ready");
            (await cluster.FlotillaAsync("node", "rm", "leaves")).Success();
            await machine.StopAsync(agent);
        }

        Assert.Contains("NotFound", (await cluster.KubectlAsync("get", "node", "leaves")).Error, StringComparison.Ordinal);
        Assert.Contains("does not accept this machine as node leaves any more", await machine.RefusedAsync(null, nodeName: "leaves"), StringComparison.Ordinal);
        using var again = machine.Start(command[(command.LastIndexOf(' ') + 1)..], "leaves");
        await Eventually.ContainsAsync(async () => (await cluster.KubectlAsync("get", "node", "leaves")).All, " Ready");
        await machine.StopAsync(again);
        (await cluster.FlotillaAsync("node", "rm", "leaves")).Success();
    }

    // Answers to what the node itself has begun come in; nothing else does.
    private async Task BlockAsync()
    {
        await node.ShellAsync("nft", "add", "table", "inet", "blocked");
        await node.ShellAsync("nft", "add", "chain", "inet", "blocked", "in", "{ type filter hook input priority -10 ; }");
        await node.ShellAsync("nft", "add", "rule", "inet", "blocked", "in", "iifname", "eth0", "ct", "state", "new", "tcp", "dport", "10250", "drop");
    }

    private static async Task ForwardAsync(Space space, string pod)
    {
        using var forward = space.Start("port-forward", pod, ":8080");
        try
        {
            var line = await forward.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60))
                ?? throw new InvalidOperationException(await forward.StandardError.ReadToEndAsync());
            var port = line.Split("127.0.0.1:")[1].Split(' ')[0];
            using var http = new HttpClient();
            Assert.Contains("from far", await http.GetStringAsync($"http://127.0.0.1:{port}/"), StringComparison.Ordinal);
        }
        finally
        {
            forward.Kill();
        }
    }

    private async Task StopAgentAsync()
    {
        var pid = (await File.ReadAllTextAsync(Path.Combine(node.DataDirectory, "flotilla.pid"))).Trim();
        (await CommandLine.RunAsync("kill", [pid])).Success();
        await Eventually.GetAsync(() => Task.FromResult(Directory.Exists($"/proc/{pid}")), alive => !alive);
    }

    // Of server and agent, in the machine's ticks.
    private async Task<string> TicksAsync()
    {
        var ticks = new List<string>();
        foreach (var directory in new[] { cluster.DataDirectory, node.DataDirectory })
        {
            var pid = (await File.ReadAllTextAsync(Path.Combine(directory, "flotilla.pid"))).Trim();
            ticks.Add(string.Join(' ', (await File.ReadAllTextAsync($"/proc/{pid}/stat")).Split(' ')[13..15]));
        }

        return string.Join(", ", ticks);
    }

    private string Serial()
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(node.DataDirectory, "pki", "client.pem")));
        return certificate.SerialNumber;
    }
}
