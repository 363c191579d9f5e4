using System.Text;
using Flotilla.Controllers.BootstrapTokens;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.BootstrapTokens;

public sealed class BootstrapSignerTests : IAsyncLifetime
{
    private const string Signed = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..";
    private readonly Cluster cluster = new(context => new BootstrapSigner(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Every_token_that_may_sign_does_and_takes_its_signature_along()
    {
        await cluster.CreateAsync(new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new V1ObjectMeta { Name = "cluster-info", NamespaceProperty = "kube-public" },
            Data = new Dictionary<string, string> { ["kubeconfig"] = "content", ["jws-kubeconfig-gone"] = "x" },
        });
        await AddAsync("abcdef", signs: true);
        await AddAsync("silent", signs: false);
        await UntilAsync("jws-kubeconfig-abcdef kubeconfig");
        var signature = (await MapAsync()).Data["jws-kubeconfig-abcdef"];
        Assert.StartsWith(Signed, signature, StringComparison.Ordinal);
        Assert.Equal(DetachedSignature.For("content", "abcdef", "0123456789abcdef"), signature);

        await cluster.ChangeAsync<V1ConfigMap>("kube-public", "cluster-info", map => map.Data["kubeconfig"] = "other");
        await cluster.UntilAsync(async () => (await MapAsync()).Data["jws-kubeconfig-abcdef"] == DetachedSignature.For("other", "abcdef", "0123456789abcdef"), "signed anew");

        await cluster.Client.DeleteAsync<V1Secret>(new("kube-system", "bootstrap-token-abcdef"), null, default);
        await UntilAsync("kubeconfig");
    }

    // Computed with another program: HMAC-SHA256 over header.content, the secret as key.
    [Fact]
    public void A_signature_is_the_one_of_the_standard() => Assert.Equal(
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImpvZTEyMyJ9..vlAK1UDfOFctN9iyvPTC2P7fCsjP4pZaCRyeBDF-A0Y",
        DetachedSignature.For("some content", "joe123", "my-secret-key"));

    private Task AddAsync(string id, bool signs) => cluster.CreateAsync(new V1Secret
    {
        Metadata = new V1ObjectMeta { Name = "bootstrap-token-" + id, NamespaceProperty = "kube-system" },
        Type = "bootstrap.kubernetes.io/token",
        Data = new Dictionary<string, string> { ["token-id"] = id, ["token-secret"] = "0123456789abcdef", ["usage-bootstrap-signing"] = signs ? "true" : "false" }
            .ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value)),
    });

    private Task<V1ConfigMap> MapAsync() => cluster.GetAsync<V1ConfigMap>("kube-public", "cluster-info");

    private Task UntilAsync(string keys) => cluster.UntilAsync(async () => string.Join(' ', (await MapAsync()).Data.Keys.Order(StringComparer.Ordinal)) == keys, keys);
}
