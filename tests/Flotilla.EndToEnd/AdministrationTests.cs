using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd;

/// <summary>What administrators ask of a cluster, with kubectl in its oldest and newest version.</summary>
public sealed class AdministrationTests(Cluster cluster)
{
    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Access_is_explained_and_tokens_are_issued(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        Task<CommandOutput> Run(params string[] arguments) => space.RunAsync(minor, null, arguments);
        async Task<string> Ok(params string[] arguments) => (await Run(arguments)).Success();

        Assert.Matches(@"\*\.\*\s+\[\]\s+\[\]\s+\[\*\]", await Ok("auth", "can-i", "--list"));
        Assert.Equal("no", (await Run("auth", "can-i", "get", "pods", "--as=bob")).Output.Trim());
        await Ok("create", "role", "reader", "--verb=get,list", "--resource=pods");
        await Ok("create", "rolebinding", "reader", "--role=reader", $"--serviceaccount={space.Name}:default");
        var account = $"system:serviceaccount:{space.Name}:default";
        Assert.Matches(@"pods\s+\[\]\s+\[\]\s+\[get list\]", await Ok("auth", "can-i", "--list", $"--as={account}"));
        Assert.Matches(@"Groups\s+\[system:masters system:authenticated\]", await Ok("auth", "whoami"));

        var token = await Ok("create", "token", "default", "--duration=15m");
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, await Ok("config", "view", "--raw", "--flatten"));
        await Ok($"--kubeconfig={config}", "config", "set-credentials", "account", $"--token={token}");
        string[] asAccount = [$"--kubeconfig={config}", "--user=account"];
        Assert.Contains(account, await Ok([.. asAccount, "auth", "whoami"]), StringComparison.Ordinal);
        await Ok([.. asAccount, "get", "pods"]);
        Assert.Contains(
            $"User \"{account}\" cannot list resource \"secrets\" in API group \"\" in the namespace \"{space.Name}\"",
            (await Run([.. asAccount, "get", "secrets"])).Failure(), StringComparison.Ordinal);
        File.Delete(config);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task Certificates_are_approved_and_signed(int minor)
    {
        var name = $"jane-{minor}";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Convert.ToBase64String(Encoding.ASCII.GetBytes(new CertificateRequest("O=devs, CN=jane", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
        var yaml = $$"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: {{name}}}
            spec: {request: {{request}}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}
            """;
        (await cluster.KubectlAsync(minor, yaml, "create", "-f", "-")).Success();

        Assert.Contains("approved", (await cluster.KubectlAsync(minor, null, "certificate", "approve", name)).Success(), StringComparison.Ordinal);
        var issued = await Eventually.GetAsync(() => cluster.KubectlOkAsync("get", "csr", name, "-o", "jsonpath={.status.certificate}"), text => text.Length > 0, 20);
        using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(issued)));
        Assert.Contains("CN=jane", certificate.Subject, StringComparison.Ordinal);
        Assert.Matches(@"Approved,Issued", await cluster.KubectlOkAsync("get", "csr", name));
        await cluster.KubectlOkAsync("delete", "csr", name);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task A_node_is_cordoned_and_drained(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        async Task<string> Ok(params string[] arguments) => (await space.RunAsync(minor, null, arguments)).Success();
        await space.DeployAsync("drained", 1);
        var before = await space.PodsAsync("drained");
        var node = await cluster.KubectlOkAsync("get", "nodes", "-o", "name");
        try
        {
            Assert.Contains("cordoned", await Ok("cordon", node), StringComparison.Ordinal);
            Assert.Contains("Ready,SchedulingDisabled", await Ok("get", "nodes"), StringComparison.Ordinal);
            Assert.Contains($"{before[0]["pod/".Length..]} evicted", await Ok("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector=app=drained", "--timeout=60s"), StringComparison.Ordinal);
            await Eventually.ContainsAsync(() => Ok("get", "pods"), "Pending", 20);
        }
        finally
        {
            await Ok("uncordon", node);
        }

        await Ok("rollout", "status", "deployment/drained", "--timeout=60s");
    }

    [Theory]
    [InlineData(32)]
    [InlineData(35)]
    public async Task The_api_is_read_raw_and_as_it_changes(int minor)
    {
        await using var space = await Space.CreateAsync(cluster);
        async Task<string> Ok(params string[] arguments) => (await space.RunAsync(minor, null, arguments)).Success();

        Assert.Contains("readyz check passed", await Ok("get", "--raw", "/readyz?verbose"), StringComparison.Ordinal);
        Assert.Contains("DATA+OMITTED", await Ok("config", "view"), StringComparison.Ordinal);
        await Eventually.ContainsAsync(async () => (await space.RunAsync(minor, null, "top", "nodes")).All, "MEMORY(bytes)");

        await Ok("create", "configmap", "seen");
        await Ok("label", "configmap", "seen", "mine=yes");
        using var watch = cluster.StartKubectl(minor, "-n", space.Name, "get", "configmaps", "--watch", "--output-watch-events", "-l", "mine=yes");
        async Task<string> Next() => (await watch.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? "").Split(' ')[0];
        try
        {
            Assert.Equal(["EVENT", "ADDED"], [await Next(), await Next()]);
            await Ok("annotate", "configmap", "seen", "note=hello");
            Assert.Equal("MODIFIED", await Next());
            await Ok("label", "configmap", "seen", "mine-");
            Assert.Equal("DELETED", await Next());
        }
        finally
        {
            watch.Kill();
        }

        Assert.Contains("volumeClaimTemplates\t<[]PersistentVolumeClaim>", await Ok("explain", "statefulset", "--recursive"), StringComparison.Ordinal);
    }
}
