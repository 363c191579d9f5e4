using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Nodes;

/// <summary>A server and a machine beside it, whose certificate authority docker has rotated.</summary>
public sealed class AuthorityRotationTests : IAsyncLifetime
{
    private const string Name = "rotation";
    private readonly NamedCluster cluster = new(Name);

    public async ValueTask InitializeAsync() => await cluster.UpAsync("--nodes", "2", "--api-port", "7446");

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Nodes_pods_and_the_kubeconfig_of_the_machine_go_on_and_what_others_hold_of_before_is_refused()
    {
        var join = await cluster.FlotillaAsync("token", "create");
        await cluster.ApplyAsync(PodThere);
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod/far", "--timeout=60s");
        var old = Path.Combine(cluster.Home, "of-before");
        File.Copy(Path.Combine(cluster.Home, "kubeconfig"), old);
        await DockerAsync("swarm", "init");
        var before = await DockerAsync("swarm", "ca");

        var rotated = await DockerAsync("swarm", "ca", "--rotate");

        var root = rotated[rotated.IndexOf("-----BEGIN", StringComparison.Ordinal)..];
        Assert.NotEqual(before, root);
        Assert.Equal(root, await DockerAsync("swarm", "ca"));
        Assert.Equal(root, await cluster.FlotillaAsync("ca", "show"));
        Assert.Equal("Ready Ready", string.Join(' ', (await DockerAsync("node", "ls", "--format", "{{.TLSStatus}}")).Split('\n')));
        Assert.DoesNotContain(" NotReady", await cluster.KubectlAsync("get", "nodes"), StringComparison.Ordinal);
        Assert.Contains("serving on port", await cluster.KubectlAsync("logs", "far"), StringComparison.Ordinal);
        Assert.Equal("far", await cluster.KubectlAsync("exec", "far", "--", "hostname"));
        await Eventually.GetAsync(() => cluster.KubectlAsync("get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"), text => text.Trim() == root);
        Assert.Contains("Unauthorized", (await cluster.BeginKubectlAsync("--kubeconfig", old, "get", "nodes")).Failure(), StringComparison.Ordinal);

        await using (var machine = await OtherMachine.BesideAsync(Path.Combine(cluster.DataDirectory, "nodes", $"{Name}-2")))
        {
            Assert.Contains("belongs to another cluster than the token", await machine.RefusedAsync(join[(join.LastIndexOf(' ') + 1)..]), StringComparison.Ordinal);
        }

        await cluster.FlotillaAsync("node", "add", "third");
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "node/third", "--timeout=60s");
    }

    private async Task<string> DockerAsync(params string[] arguments)
    {
        var host = (await cluster.FlotillaAsync("docker-env")).Split('=', 2)[1];
        return (await CommandLine.RunAsync(await DockerTool.GetAsync(), arguments, environment: new Dictionary<string, string> { ["DOCKER_HOST"] = host })).Success();
    }

    private static string PodThere => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: far }
        spec:
          nodeName: {{Name}}-2
          containers:
          - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        """;
}
