using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Server.Identity;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Certificates;

public sealed class SigningTests(ApiHost host)
{
    private const string Client = "kubernetes.io/kube-apiserver-client";
    private const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    private const string KubeletServing = "kubernetes.io/kubelet-serving";

    [Fact]
    public async Task An_approved_client_request_becomes_a_certificate_that_lets_its_owner_in()
    {
        using var csr = new Csr("CN=kate,O=dev");
        var body = csr.Body("kate", Client, "client auth", "digital signature");
        body["spec"]!["expirationSeconds"] = 7200;
        body["spec"]!["username"] = "somebody else";
        var made = (await host.Admin.PostAsync(Csr.Api, body)).Expect(201);
        Assert.Equal("kubernetes-admin", (string?)made["spec.username"]);
        var approved = (await host.Admin.PutAsync($"{Csr.Api}/kate/approval", Csr.With(made.Body, "Approved"))).Expect(200);
        Assert.NotNull(approved["status.conditions.0.lastUpdateTime"]);
        var issued = await IssuedAsync("kate");
        using var certificate = X509Certificate2.CreateFromPem(issued);
        Assert.InRange(certificate.NotAfter.ToUniversalTime() - DateTime.UtcNow, TimeSpan.FromMinutes(115), TimeSpan.FromMinutes(121));
        var self = (await host.Client(new IssuedCertificate(issued, csr.KeyPem)).PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Expect(201);
        Assert.Equal("kate", (string?)self["status.userInfo.username"]);
        Assert.Equal("dev", (string?)self["status.userInfo.groups.0"]);
    }

    [Fact]
    public async Task A_node_renews_its_own_certificate_without_anybody_approving()
    {
        await AllowAsync("selfnodeclient", "system:nodes");
        using var csr = new Csr("CN=system:node:renew,O=system:nodes");
        var node = host.ClientOf("system:node:renew", "system:nodes");
        (await node.PostAsync(Csr.Api, csr.Body("renew", KubeletClient, "client auth", "digital signature"))).Expect(201);
        await IssuedAsync("renew");
        var read = (await node.GetAsync($"{Csr.Api}/renew")).Expect(200);
        Assert.Equal("AutoApproved", (string?)read["status.conditions.0.reason"]);
        Assert.Equal("Auto approving self kubelet client certificate after SubjectAccessReview.", (string?)read["status.conditions.0.message"]);
    }

    [Fact]
    public async Task A_serving_certificate_carries_the_requested_addresses()
    {
        using var csr = new Csr("CN=system:node:serve,O=system:nodes", "192.0.2.7");
        var made = (await host.Admin.PostAsync(Csr.Api, csr.Body("serve", KubeletServing, "server auth", "digital signature"))).Expect(201);
        (await host.Admin.PutAsync($"{Csr.Api}/serve/approval", Csr.With(made.Body, "Approved"))).Expect(200);
        using var certificate = X509Certificate2.CreateFromPem(await IssuedAsync("serve"));
        Assert.True(certificate.MatchesHostname("192.0.2.7"));
    }

    [Fact]
    public async Task A_request_that_its_signer_does_not_sign_fails()
    {
        using var csr = new Csr("CN=system:node:bad,O=system:nodes");
        var made = (await host.Admin.PostAsync(Csr.Api, csr.Body("bad", KubeletServing, "server auth", "digital signature"))).Expect(201);
        (await host.Admin.PutAsync($"{Csr.Api}/bad/approval", Csr.With(made.Body, "Approved"))).Expect(200);
        var failed = await host.Admin.EventuallyAsync($"{Csr.Api}/bad", reply => reply["status.conditions"] is System.Text.Json.Nodes.JsonArray { Count: 2 });
        Assert.Equal("Failed", (string?)failed["status.conditions.1.type"]);
        Assert.Equal("SignerValidationFailure", (string?)failed["status.conditions.1.reason"]);
        Assert.Equal("DNS or IP subjectAltName is required", (string?)failed["status.conditions.1.message"]);
    }

    [Fact]
    public async Task Nobody_asks_for_a_certificate_of_the_masters()
    {
        using var csr = new Csr("CN=eve,O=system:masters");
        Assert.Equal(
            "certificatesigningrequests.certificates.k8s.io \"eve\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
            (await host.Admin.PostAsync(Csr.Api, csr.Body("eve", Client, "client auth"))).Expect(403).Message);
    }

    [Fact]
    public async Task Approving_takes_a_permission_for_the_signer()
    {
        const string rbac = "/apis/rbac.authorization.k8s.io/v1";
        (await host.Admin.PostAsync($"{rbac}/clusterroles", """
            {"metadata":{"name":"csr-approver-t"},"rules":[{"verbs":["update","get"],"apiGroups":["certificates.k8s.io"],"resources":["certificatesigningrequests","certificatesigningrequests/approval","certificatesigningrequests/status"]},
             {"verbs":["approve"],"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["good.dev/*"]}]}
            """)).Expect(201);
        (await host.Admin.PostAsync($"{rbac}/clusterrolebindings", """{"metadata":{"name":"csr-approver-t"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"csr-approver-t"},"subjects":[{"kind":"User","name":"approver"}]}""")).Expect(201);
        using var csr = new Csr("CN=x");
        var good = (await host.Admin.PostAsync(Csr.Api, csr.Body("good", "good.dev/a", "client auth"))).Expect(201);
        var other = (await host.Admin.PostAsync(Csr.Api, csr.Body("other", "other.dev/a", "client auth"))).Expect(201);
        var approver = host.ClientOf("approver");
        (await approver.PutAsync($"{Csr.Api}/good/approval", Csr.With(good.Body, "Approved"))).Expect(200);
        Assert.Equal(
            "certificatesigningrequests.certificates.k8s.io \"other\" is forbidden: user not permitted to approve requests with signerName \"other.dev/a\"",
            (await approver.PutAsync($"{Csr.Api}/other/approval", Csr.With(other.Body, "Approved"))).Expect(403).Message);
        var signed = other.Body;
        signed["status"] = new System.Text.Json.Nodes.JsonObject { ["certificate"] = "QQ==" };
        Assert.Equal(
            "certificatesigningrequests.certificates.k8s.io \"other\" is forbidden: user not permitted to sign requests with signerName \"other.dev/a\"",
            (await approver.PutAsync($"{Csr.Api}/other/status", signed)).Expect(403).Message);
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_said()
    {
        using var csr = new Csr("CN=x");
        var body = csr.Body("wrong", "nodots/x", "client auth", "flying", "client auth");
        body["spec"]!["request"] = Convert.ToBase64String("nonsense"u8);
        body["spec"]!["expirationSeconds"] = 60;
        var reply = (await host.Admin.PostAsync(Csr.Api, body)).Expect(422);
        foreach (var part in (string[])["PEM block type must be CERTIFICATE REQUEST", "spec.usages[1]: Unsupported value: \"flying\"", "spec.usages[2]: Duplicate value: \"client auth\"", "should be a domain with at least two segments separated by dots", "may not specify a duration less than 600 seconds (10 minutes)"])
        {
            Assert.Contains(part, reply.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_decision_is_made_once()
    {
        using var csr = new Csr("CN=x");
        var made = (await host.Admin.PostAsync(Csr.Api, csr.Body("once", "example.dev/x", "client auth"))).Expect(201);
        var denied = (await host.Admin.PutAsync($"{Csr.Api}/once/approval", Csr.With(made.Body, "Denied"))).Expect(200);
        Assert.Contains("Approved and Denied conditions are mutually exclusive", (await host.Admin.PutAsync($"{Csr.Api}/once/approval", Csr.With(denied.Body, "Approved"))).Expect(422).Message, StringComparison.Ordinal);
        var undone = denied.Body;
        undone["status"]!.AsObject().Remove("conditions");
        Assert.Contains("updates may not remove a condition of type \"Denied\"", (await host.Admin.PutAsync($"{Csr.Api}/once/approval", undone)).Expect(422).Message, StringComparison.Ordinal);
    }

    private async Task<string> IssuedAsync(string name)
    {
        var reply = await host.Admin.EventuallyAsync($"{Csr.Api}/{name}", reply => reply["status.certificate"] is not null);
        return Encoding.ASCII.GetString(Convert.FromBase64String((string)reply["status.certificate"]!));
    }

    private async Task AllowAsync(string subresource, string group)
    {
        var binding = $$"""{"metadata":{"name":"t-{{subresource}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:certificates.k8s.io:certificatesigningrequests:{{subresource}}"},"subjects":[{"kind":"Group","name":"{{group}}"}]}""";
        (await host.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)).Expect(201);
    }
}
