using System.Security.Cryptography.X509Certificates;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A server that is destroyed and comes back from a backup, with other data and at another address, beside a machine that has joined it.</summary>
public sealed class RestoreTests : IAsyncLifetime
{
    private readonly NamedCluster before = new("drill");
    private readonly NamedCluster after = new("drill-after");

    public async ValueTask InitializeAsync() => await before.UpAsync("--api-port", "7450");

    public async ValueTask DisposeAsync()
    {
        await after.DisposeAsync();
        await before.DisposeAsync();
    }

    [Fact]
    public async Task Workloads_secrets_and_tokens_are_back_and_the_other_machine_goes_on_with_its_containers_and_certificates()
    {
        await using var machine = await OtherMachine.BesideAsync(before.DataDirectory);
        var join = await before.FlotillaAsync("token", "create");
        using var agent = machine.Start(join[(join.LastIndexOf(' ') + 1)..], "far");
        await Eventually.ContainsAsync(() => before.KubectlAsync("get", "nodes"), "far");
        await before.KubectlAsync("wait", "--for=condition=Ready", "node/far", "--timeout=60s");
        await machine.LoadImageAsync(before.ImageFile);
        await before.ApplyAsync(Workload("near", "drill") + Workload("away", "far"));
        await before.KubectlAsync("create", "secret", "generic", "word", "--from-literal=is=open sesame");
        await before.KubectlAsync("wait", "--for=condition=Available", "deployment", "--all", "--timeout=60s");
        var token = await before.KubectlAsync("create", "token", "default");
        var tokens = await before.FlotillaAsync("token", "list");
        var container = await ContainerAsync(before);
        var certificate = Serial(machine);
        var backup = await BackUpAsync(before);

        await before.FlotillaAsync("down", "--purge", "--grace-period", "0");
        await machine.StandAloneAsync();
        await RestoreAsync(backup);

        Assert.Equal("open sesame", await after.KubectlAsync("get", "secret", "word", "-o", "go-template={{.data.is | base64decode}}"));
        Assert.Equal("system:serviceaccount:default:default", await WhoIsAsync(token));
        Assert.Equal(tokens, await after.FlotillaAsync("token", "list"));
        await after.KubectlAsync("wait", "--for=condition=Available", "deployment/near", "--timeout=60s");

        // The machine knows the address of before alone; it needs neither a token nor another certificate.
        await machine.StopAsync(agent);
        var settings = await after.SettingsAsync();
        using var again = machine.Restart($"https://{settings["localAddress"]}:{settings["apiPort"]}");
        await after.KubectlAsync("scale", "deployment/away", "--replicas=2");
        await after.KubectlAsync("rollout", "status", "deployment/away", "--timeout=60s");
        Assert.Equal(container, await ContainerAsync(after));
        Assert.Equal(certificate, Serial(machine));
        foreach (var pod in await after.PodsAsync("away"))
        {
            var name = (string)pod!["metadata"]!["name"]!;
            Assert.Contains("serving on port", await after.KubectlAsync("logs", name), StringComparison.Ordinal);
            Assert.Equal(name, await after.KubectlAsync("exec", name, "--", "hostname"));
            await Eventually.ContainsAsync(() => after.KubectlAsync("exec", "deployment/near", "--", "wget", "-qO-", $"http://{pod["status"]!["podIP"]}:8080/"), name);
        }

        // At an address that it knows it finds the cluster by itself.
        backup = await BackUpAsync(after);
        await after.FlotillaAsync("down", "--purge", "--grace-period", "0");
        await RestoreAsync(backup);
        await Eventually.ContainsAsync(async () => (await after.BeginKubectlAsync("logs", "deployment/away")).All, "serving on port");
        Assert.Equal(container, await ContainerAsync(after));
        await machine.StopAsync(again);
    }

    private async Task<string> BackUpAsync(NamedCluster cluster)
    {
        var moved = Path.Combine(after.Home, $"{Guid.NewGuid():N}.backup");
        File.Move((await cluster.FlotillaAsync("backup", "now")).Split(": ")[0], moved);
        return moved;
    }

    private async Task RestoreAsync(string backup)
    {
        await after.FlotillaAsync("restore", backup, "--name", "drill-after", "--api-port", "7451");
        await after.UpAsync();
    }

    // By the token alone: the administrator's certificate would count first.
    private async Task<string> WhoIsAsync(string token)
    {
        var config = Path.Combine(after.Home, "by-token");
        File.Copy(Path.Combine(after.Home, "kubeconfig"), config);
        await after.KubectlAsync("--kubeconfig", config, "config", "set-credentials", "account", $"--token={token}");
        return await after.KubectlAsync("--kubeconfig", config, "--user=account", "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}");
    }

    // The oldest pod of the other machine, with what would tell that it was started again.
    private static Task<string> ContainerAsync(NamedCluster cluster) => cluster.KubectlAsync(
        "get", "pods", "-l", "app=away", "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[0].metadata.uid} {.items[0].status.podIP} {.items[0].status.containerStatuses[0].containerID} {.items[0].status.containerStatuses[0].restartCount}");

    private static string Serial(OtherMachine machine)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(machine.DataDirectory, "pki", "client.pem")));
        return certificate.SerialNumber;
    }

    private static string Workload(string name, string node) => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: {{name}} }
        spec:
          selector: { matchLabels: { app: {{name}} } }
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              nodeSelector: { kubernetes.io/hostname: {{node}} }
              terminationGracePeriodSeconds: 1
              containers:
              - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        ---

        """;
}
