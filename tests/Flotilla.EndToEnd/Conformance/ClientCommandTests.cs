using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Conformance;

/// <summary>What conformance asks of kubectl itself: versions, the cluster's addresses, proxies, diff.</summary>
public sealed class ClientCommandTests(Cluster cluster)
{
    [Fact]
    public async Task Versions_and_addresses_are_complete()
    {
        Assert.Contains("v1", (await cluster.KubectlOkAsync("api-versions")).Split('\n'));
        Assert.Contains("Kubernetes control plane is running at", await cluster.KubectlOkAsync("cluster-info"), StringComparison.Ordinal);
        var versions = JsonNode.Parse(await cluster.KubectlOkAsync("version", "-o", "json"))!;
        foreach (var side in new[] { "clientVersion", "serverVersion" })
        {
            foreach (var field in new[] { "major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform" })
            {
                Assert.False(string.IsNullOrEmpty((string?)versions[side]![field]), $"{side}.{field}");
            }
        }
    }

    [Fact]
    public async Task A_difference_of_a_deployment_is_found()
    {
        await using var space = await Space.CreateAsync(cluster);
        var manifest = Manifests.Deployment("httpd-deployment", 1);
        await space.ApplyAsync(manifest);
        var diff = await space.RunAsync(35, manifest.Replace("image: my-image", "image: busybox:1", StringComparison.Ordinal), "diff", "-f", "-");

        Assert.Equal(1, diff.ExitCode);
        Assert.Matches(@"-\s+- image: my-image|-\s+image: my-image|- +- env", diff.Output);
        Assert.Matches(@"\+\s+(- )?image: busybox:1", diff.Output);
    }

    [Fact]
    public async Task A_proxy_serves_on_a_port_of_its_choice()
    {
        using var proxy = cluster.StartKubectl("proxy", "--port=0", "--disable-filter");
        try
        {
            var address = (await StartedAsync(proxy))["Starting to serve on ".Length..];
            using var http = new HttpClient();
            Assert.NotEmpty(await VersionsAsync(http, $"http://{address}/api/"));
        }
        finally
        {
            proxy.Kill();
        }
    }

    [Fact]
    public async Task A_proxy_serves_on_a_socket()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("kubectl-proxy-").FullName, "test");
        using var proxy = cluster.StartKubectl("proxy", $"--unix-socket={path}");
        try
        {
            await StartedAsync(proxy);
            using var http = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            });
            Assert.NotEmpty(await VersionsAsync(http, "http://localhost/api/"));
        }
        finally
        {
            proxy.Kill();
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    private static async Task<string> StartedAsync(System.Diagnostics.Process proxy) =>
        await proxy.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? await proxy.StandardError.ReadToEndAsync();

    private static async Task<JsonArray> VersionsAsync(HttpClient http, string address) =>
        JsonNode.Parse(await http.GetStringAsync(new Uri(address)))!["versions"]!.AsArray();
}
