using Flotilla.Bench;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>Real pods behind an Ingress, asked by curl as anybody on the network would.</summary>
public sealed class IngressTests(Cluster cluster) : IDisposable
{
    private const string Host = "site.example.com";
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-ingress-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_example_answers_with_TLS_under_its_name()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.DeployAsync();
        await space.OkAsync("apply", "-f", Path.Combine(Repository.Root, "examples", "my-app", "service.yaml"));
        var (certificate, key) = await SelfSignedAsync();
        await space.OkAsync("create", "secret", "tls", "site-tls", $"--cert={certificate}", $"--key={key}");
        await space.OkAsync("apply", "-f", Path.Combine(Repository.Root, "examples", "ingress", "site.yaml"));

        // By the certificate of the Secret: curl would refuse the default one.
        var secure = await Eventually.GetAsync(() => CurlAsync("--cacert", certificate, $"https://{Host}/"), answer => answer.Contains("from my-app-", StringComparison.Ordinal), 30);
        Assert.StartsWith("SOME_ENV=", secure, StringComparison.Ordinal);
        Assert.Contains("HTTP/2 200", await CurlAsync("--cacert", certificate, "-i", $"https://{Host}/"), StringComparison.Ordinal);
        Assert.Equal($"308 https://{Host}/x?y=1", await CurlAsync("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", $"http://{Host}/x?y=1"));
        Assert.Equal("404 Not Found\n", await CurlAsync("--resolve", "other.example.com:80:127.0.0.1", "http://other.example.com/"));

        // The status names the node.
        var address = await Eventually.GetAsync(() => space.FieldAsync("ingress/site", ".status.loadBalancer.ingress[0].ip"), ip => ip.Length > 0, 30);
        Assert.Equal(await space.FieldAsync("nodes", ".items[0].status.addresses[?(@.type==\"InternalIP\")].address"), address);
        Assert.Equal("flotilla", await space.FieldAsync("ingress/site", ".spec.ingressClassName"));
        var events = await Eventually.GetAsync(() => space.OkAsync("get", "events"), list => list.Contains("Scheduled for sync", StringComparison.Ordinal), 30);
        Assert.DoesNotContain("Rejected", events, StringComparison.Ordinal);
        Assert.Contains("flotilla_ingress_requests_total{kind=\"Ingress\"", await cluster.KubectlOkAsync("get", "--raw", "/metrics"), StringComparison.Ordinal);

        // Nobody notices a rollout.
        var rollout = space.OkAsync("rollout", "restart", "deployment/my-app");
        for (var i = 0; i < 50 || !rollout.IsCompleted; i++)
        {
            Assert.Contains("from my-app-", await CurlAsync("--cacert", certificate, $"https://{Host}/"), StringComparison.Ordinal);
        }

        await rollout;
        await space.OkAsync("delete", "ingress", "site");
        await Eventually.GetAsync(() => CommandLine.RunAsync("curl", ["-s", "http://127.0.0.1/"]), answer => answer.ExitCode == 7, 30);
    }

    [Fact]
    public async Task The_example_of_a_Gateway_shares_requests_and_says_that_it_does()
    {
        await using var space = await Space.CreateAsync(cluster);
        foreach (var app in (string[])["my-app", "my-app-next"])
        {
            await space.DeployAsync(app, replicas: 1);
            await space.ApplyAsync(Manifests.Service(app));
        }

        var (certificate, key) = await SelfSignedAsync();
        await space.OkAsync("create", "secret", "tls", "site-tls", $"--cert={certificate}", $"--key={key}");
        Assert.Equal("The Gateway API is there; the class of its Gateways is flotilla.", (await cluster.FlotillaAsync("gateway-api")).Success());
        await space.OkAsync("apply", "-f", Path.Combine(Repository.Root, "examples", "ingress", "gateway.yaml"));

        await space.OkAsync("wait", "--for=condition=Programmed", "gateway/gateway", "--timeout=30s");
        await space.OkAsync("wait", "--for=jsonpath={.status.parents[0].conditions[?(@.type==\"ResolvedRefs\")].status}=True", "httproute/site", "--timeout=30s");
        Assert.Equal("1", await space.FieldAsync("gateway/gateway", ".status.listeners[0].attachedRoutes"));
        var answer = await Eventually.GetAsync(() => CurlAsync("--cacert", certificate, "-i", $"https://{Host}/"), text => text.Contains("from my-app-", StringComparison.Ordinal), 30);
        Assert.Contains("x-served-by: flotilla", answer, StringComparison.Ordinal);
        Assert.Equal($"302 https://{Host}/x", await CurlAsync("--cacert", certificate, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", $"https://{Host}/old/x"));
        await Eventually.GetAsync(() => CurlAsync("--cacert", certificate, $"https://{Host}/"), text => text.Contains("from my-app-next-", StringComparison.Ordinal), 60);

        // What makes no sense is refused by the definitions.
        var refused = await space.RunAsync("patch", "httproute", "site", "--type=merge", "-p", """{"spec":{"rules":[{"matches":[{"path":{"type":"Exact","value":"x"}}]}]}}""");
        Assert.Contains("value must be an absolute path", refused.Failure(), StringComparison.Ordinal);
    }

    private async Task<(string Certificate, string Key)> SelfSignedAsync()
    {
        var (certificate, key) = (Path.Combine(directory, "tls.crt"), Path.Combine(directory, "tls.key"));
        (await CommandLine.RunAsync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", $"/CN={Host}", "-addext", $"subjectAltName=DNS:{Host}", "-keyout", key, "-out", certificate])).Success();
        return (certificate, key);
    }

    private static async Task<string> CurlAsync(params string[] arguments) =>
        (await CommandLine.RunAsync("curl", ["-s", "--max-time", "10", "--resolve", $"{Host}:80:127.0.0.1", "--resolve", $"{Host}:443:127.0.0.1", .. arguments])).Output;
}
