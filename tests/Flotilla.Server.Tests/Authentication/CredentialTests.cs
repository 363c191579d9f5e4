using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Authentication;

public sealed class CredentialTests(ApiHost host)
{
    private const string Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    [Fact]
    public async Task A_certificate_names_its_user_and_its_digest()
    {
        var certificate = host.Identity.IssueClientCertificate("ann", ["dev", "ops"], TimeSpan.FromHours(1));
        var digest = Convert.ToHexStringLower(SHA256.HashData(X509Certificate2.CreateFromPem(certificate.CertificatePem).RawData));
        var reply = (await host.Client(certificate).PostAsync(Self, "{}")).Expect(201);
        Assert.Equal(
            """{"username":"ann","groups":["dev","ops","system:authenticated"],"extra":{"authentication.kubernetes.io/credential-id":["X509SHA256=DIGEST"]}}""".Replace("DIGEST", digest, StringComparison.Ordinal),
            reply["status.userInfo"]!.ToJsonString());
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_turned_away_in_words()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = new CertificateRequest("CN=kubernetes-admin,O=system:masters", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var reply = await host.Client(new IssuedCertificate(stranger.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem())).GetAsync("/api/v1/namespaces");
        Assert.Equal("Unauthorized", reply.Expect(401).Message);
    }

    [Fact]
    public async Task A_server_certificate_is_no_clients()
    {
        var server = host.Identity.ServerCertificate;
        using var key = server.GetECDsaPrivateKey()!;
        (await host.Client(new IssuedCertificate(server.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem())).GetAsync("/api/v1/namespaces")).Expect(401);
    }

    [Fact]
    public async Task A_wrong_token_is_turned_away()
    {
        Assert.Equal("Unauthorized", (await host.Client(null, "nonsense").GetAsync("/api")).Expect(401).Message);
    }

    [Fact]
    public async Task Only_the_front_proxy_names_users_in_headers()
    {
        (string, string)[] headers = [("X-Remote-User", "bob"), ("X-Remote-Group", "g1"), ("X-Remote-Extra-Example.com%2Fscope", "all")];
        var reply = await host.Client(host.Identity.FrontProxy).SendBytesAsync(HttpMethod.Post, Self, "{}"u8.ToArray(), ApiCaller.Json, ApiCaller.Json, headers);
        Assert.Equal("""{"username":"bob","groups":["g1","system:authenticated"],"extra":{"example.com/scope":["all"]}}""", reply.Expect(201)["status.userInfo"]!.ToJsonString());
        var other = await host.ClientOf("eve").SendBytesAsync(HttpMethod.Post, Self, "{}"u8.ToArray(), ApiCaller.Json, ApiCaller.Json, headers);
        Assert.Equal("eve", (string?)other.Expect(201)["status.userInfo.username"]);
    }

    [Fact]
    public async Task A_bootstrap_token_lets_a_new_node_in_until_it_expires()
    {
        await AddBootstrapTokenAsync("abcdef", DateTimeOffset.UtcNow.AddHours(1));
        await AddBootstrapTokenAsync("expire", DateTimeOffset.UtcNow.AddHours(-1));
        var reply = (await host.Client(null, "abcdef.0123456789abcdef").PostAsync(Self, "{}")).Expect(201);
        Assert.Equal("""{"username":"system:bootstrap:abcdef","groups":["system:bootstrappers","system:bootstrappers:workers","system:authenticated"]}""", reply["status.userInfo"]!.ToJsonString());
        (await host.Client(null, "abcdef.0123456789abcdeX").GetAsync("/api")).Expect(401);
        (await host.Client(null, "abcdef.0123456789abcdee").GetAsync("/api")).Expect(401);
        (await host.Client(null, "expire.0123456789abcdef").GetAsync("/api")).Expect(401);
    }

    private async Task AddBootstrapTokenAsync(string id, DateTimeOffset end)
    {
        var data = new JsonObject
        {
            ["token-id"] = id,
            ["token-secret"] = "0123456789abcdef",
            ["usage-bootstrap-authentication"] = "true",
            ["expiration"] = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
            ["auth-extra-groups"] = "system:bootstrappers:workers,other",
        };
        var secret = new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"bootstrap-token-{id}" }, ["type"] = "bootstrap.kubernetes.io/token", ["stringData"] = data };
        (await host.Admin.PostAsync("/api/v1/namespaces/kube-system/secrets", secret)).Expect(201);
    }
}
