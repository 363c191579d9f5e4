using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client.Joining;
using Flotilla.Server.Audit;
using Flotilla.Server.Joining;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Joining;

/// <summary>What opens the way to the cluster's keys, and what does not.</summary>
public sealed class JoinRequestsTests : IAsyncLifetime
{
    private const string Secrets = "/api/v1/namespaces/kube-system/secrets";
    private const string Secret = "0123456789abcdef";
    private const string Request = """{"name":"b","address":"192.0.2.2","port":7443,"etcdPeerPort":2380}""";
    private const string Remedy = "make a new one with 'flotilla token create --manager' on a server";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-join-");
    private readonly MemoryStore store = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly Keys keys = new();
    private OwnServer own = null!;

    public async ValueTask InitializeAsync()
    {
        var policy = Path.Combine(directory.FullName, "policy.yaml");
        await File.WriteAllTextAsync(policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}");
        own = await OwnServer.StartAsync(store, time, options => options with { Audit = new AuditOptions { PolicyFile = policy, LogFile = AuditLog } });
        own.Server.Admission = keys;
    }

    public async ValueTask DisposeAsync()
    {
        await own.DisposeAsync();
        await store.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private string AuditLog => Path.Combine(directory.FullName, "audit.log");

    [Fact]
    public async Task A_manager_token_is_given_the_keys_and_neither_is_written_down()
    {
        await AddAsync("abcdef", TimeSpan.FromHours(1));
        var reply = (await own.Anonymous($"abcdef.{Secret}").PostAsync(JoiningServer.Path, Request)).Expect(200);
        Assert.Equal("the keys", (string?)reply["keys"]);
        Assert.Equal([(new JoiningServer("b", "192.0.2.2", 7443, 2380), false)], keys.Asked);

        var stored = (await own.Admin.GetAsync($"{Secrets}/manager-token-abcdef")).Expect(200);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.ASCII.GetBytes(Secret)), stored.Text, StringComparison.Ordinal);
        await own.Server.StopAsync(CancellationToken.None);
        var audited = (await File.ReadAllLinesAsync(AuditLog)).Where(line => line.Contains(JoiningServer.Path, StringComparison.Ordinal)).ToList();
        Assert.Contains(audited, line => line.Contains("flotilla:manager-token:abcdef", StringComparison.Ordinal) && line.Contains("ResponseComplete", StringComparison.Ordinal));
        Assert.DoesNotContain(await File.ReadAllLinesAsync(AuditLog), line => line.Contains(Secret, StringComparison.Ordinal) || line.Contains("the keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_server_comes_in_while_the_authority_is_rotated()
    {
        await AddAsync("abcdef", TimeSpan.FromHours(1));
        (await own.Admin.PostAsync("/api/v1/nodes", """{"metadata":{"name":"awaited"}}""")).Expect(201);
        (await own.Admin.PostAsync(AuthorityStatus.Path, "{}")).Expect(200);
        Assert.Contains("is being rotated", (await own.Anonymous($"abcdef.{Secret}").PostAsync(JoiningServer.Path, Request)).Expect(409).Message, StringComparison.Ordinal);
        Assert.Empty(keys.Asked);
    }

    [Fact]
    public async Task Each_token_that_does_not_hold_is_told_why()
    {
        await AddAsync("expire", TimeSpan.FromHours(-1));
        await AddAsync("revoke", TimeSpan.FromHours(1), revoked: time.GetUtcNow());
        await AddAsync("abcdef", TimeSpan.FromHours(1));
        Assert.StartsWith("The manager token expire expired at ", await RefusedAsync($"expire.{Secret}"), StringComparison.Ordinal);
        Assert.StartsWith("The manager token revoke was revoked at ", await RefusedAsync($"revoke.{Secret}"), StringComparison.Ordinal);
        Assert.Equal($"The manager token abcdef has another secret than this one: it is mistyped; copy it again, or {Remedy}.", await RefusedAsync("abcdef.0123456789abcdee"));
        Assert.Equal($"The manager token expire has another secret than this one: it is mistyped; copy it again, or {Remedy}.", await RefusedAsync("expire.0123456789abcdee"));
        Assert.Equal($"There is no manager token nobody in this cluster: it is mistyped, or one for workers; {Remedy}.", await RefusedAsync($"nobody.{Secret}"));
        Assert.StartsWith("To join takes a manager token", await RefusedAsync("nonsense"), StringComparison.Ordinal);

        time.Advance(TimeSpan.FromHours(2));
        Assert.StartsWith("The manager token abcdef expired at ", await RefusedAsync($"abcdef.{Secret}"), StringComparison.Ordinal);
        Assert.Empty(keys.Asked);
    }

    [Fact]
    public async Task A_workers_token_that_does_not_hold_is_told_why_to_who_knows_its_secret()
    {
        await AddAsync("expire", TimeSpan.FromHours(-1), role: TokenRole.Worker);
        await AddAsync("revoke", TimeSpan.FromHours(1), time.GetUtcNow(), TokenRole.Worker);
        await AddAsync("abcdef", TimeSpan.FromHours(1), role: TokenRole.Worker);
        (await own.Anonymous($"abcdef.{Secret}").GetAsync(JoinToken.CheckPath)).Expect(200);
        Assert.StartsWith("The worker token expire expired at ", await ProblemOfAsync($"expire.{Secret}"), StringComparison.Ordinal);
        Assert.StartsWith("The worker token revoke was revoked at ", await ProblemOfAsync($"revoke.{Secret}"), StringComparison.Ordinal);
        Assert.StartsWith("The worker token revoke has another secret than this one: it is mistyped", await ProblemOfAsync("revoke.0123456789abcdee"), StringComparison.Ordinal);
        Assert.StartsWith("There is no worker token nobody in this cluster: it is mistyped, or one for managers", await ProblemOfAsync($"nobody.{Secret}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_the_administrators_certificate_nor_a_workers_token_opens_it()
    {
        var data = new JsonObject { ["token-id"] = "worker", ["token-secret"] = Secret, ["usage-bootstrap-authentication"] = "true", ["auth-extra-groups"] = "system:bootstrappers:flotilla:nodes" };
        var secret = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "bootstrap-token-worker" }, ["type"] = "bootstrap.kubernetes.io/token", ["stringData"] = data };
        (await own.Admin.PostAsync(Secrets, secret)).Expect(201);
        (await own.Anonymous($"worker.{Secret}").GetAsync("/api")).Expect(200);
        Assert.Contains("or one for workers", await RefusedAsync($"worker.{Secret}"), StringComparison.Ordinal);
        (await own.Admin.PostAsync(JoiningServer.Path, Request)).Expect(401);
        Assert.Empty(keys.Asked);
    }

    [Fact]
    public async Task A_manager_token_opens_nothing_else()
    {
        await AddAsync("abcdef", TimeSpan.FromHours(1));
        (await own.Anonymous($"abcdef.{Secret}").GetAsync("/api")).Expect(401);
    }

    [Fact]
    public async Task Only_administrators_make_one_whoever_else_may_write_secrets()
    {
        (await own.Admin.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"ann"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"ann"}]}""")).Expect(201);
        var reply = await own.ClientOf("ann").PostAsync(Secrets, SecretOf("abcdef", TimeSpan.FromHours(1), null));
        Assert.Contains("may not make manager tokens", reply.Expect(403).Message, StringComparison.Ordinal);
        await AddAsync("abcdef", TimeSpan.FromHours(1));
        (await own.ClientOf("ann").PatchAsync($"{Secrets}/manager-token-abcdef", """{"stringData":{"expiration":""}}""")).Expect(403);
    }

    private async Task<string> RefusedAsync(string bearer) => (await own.Anonymous(bearer).PostAsync(JoiningServer.Path, Request)).Expect(401).Message;

    private async Task<string> ProblemOfAsync(string bearer) => (await own.Anonymous(bearer).GetAsync(JoinToken.CheckPath)).Expect(401).Message;

    private async Task AddAsync(string id, TimeSpan lifetime, DateTimeOffset? revoked = null, TokenRole? role = null) => (await own.Admin.PostAsync(Secrets, SecretOf(id, lifetime, revoked, role))).Expect(201);

    private string SecretOf(string id, TimeSpan lifetime, DateTimeOffset? revoked, TokenRole? role = null) =>
        Encoding.UTF8.GetString(ObjectJson.Encode(new KeptToken(role ?? TokenRole.Manager, id, KeptToken.HashOf(Secret), time.GetUtcNow() + lifetime, revoked, "for a test").ToSecret()));

    private sealed class Keys : IServerAdmission
    {
        public List<(JoiningServer, bool)> Asked { get; } = [];

        public Task<byte[]> AdmitAsync(JoiningServer server, bool isNode, CancellationToken cancellationToken)
        {
            Asked.Add((server, isNode));
            return Task.FromResult("""{"keys":"the keys"}"""u8.ToArray());
        }
    }
}
