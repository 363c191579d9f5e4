using Flotilla.Client;
using Flotilla.Server.Audit;
using Flotilla.Server.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Audit;

public sealed class AuditTests
{
    private const string Policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: ["RequestReceived"]
        omitManagedFields: true
        rules:
        - level: None
          nonResourceURLs: ["/livez*"]
        - level: Metadata
          resources:
          - group: ""
            resources: ["secrets"]
        - level: RequestResponse
          verbs: ["create"]
          resources:
          - group: ""
            resources: ["configmaps"]
          namespaces: ["default"]
        - level: Request
          resources:
          - group: ""
            resources: ["configmaps"]
        """;

    [Fact]
    public async Task Says_who_did_what_as_fully_as_the_first_rule_that_fits_wants()
    {
        await using var scene = await AuditScene.StartAsync(Policy);
        (await scene.Admin.GetAsync("/livez")).Expect(200);
        (await scene.Admin.GetAsync("/api/v1/nodes")).Expect(200);
        (await scene.Admin.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"k":"hidden"}}""")).Expect(201);
        var made = await scene.Admin.SendBytesAsync(HttpMethod.Post, "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"m"},"data":{"k":"v"}}"""u8.ToArray(), ApiCaller.Json, ApiCaller.Json, ("Audit-ID", "my-id"), ("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters"));
        Assert.Equal("my-id", made.Expect(201).Headers.GetValues("Audit-Id").Single());
        (await scene.Admin.GetAsync("/api/v1/namespaces/default/configmaps/none")).Expect(404);

        var events = await scene.EndAsync();
        Assert.Equal(3, events.Count);
        Assert.All(events, one => Assert.Equal("ResponseComplete", (string?)one["stage"]));
        var (secret, map, missing) = (events[0], events[1], events[2]);
        Assert.Equal(("Metadata", "create", "secrets", 201), ((string?)secret["level"], (string?)secret["verb"], (string?)secret["objectRef"]!["resource"], (int)secret["responseStatus"]!["code"]!));
        Assert.DoesNotContain("aGlkZGVu", secret.ToJsonString(), StringComparison.Ordinal);
        Assert.Null(secret["requestObject"]);
        Assert.Equal(("my-id", "kubernetes-admin", "jane"), ((string?)map["auditID"], (string?)map["user"]!["username"], (string?)map["impersonatedUser"]!["username"]));
        Assert.Equal(("m", "v"), ((string?)map["objectRef"]!["name"], (string?)map["responseObject"]!["data"]!["k"]));
        Assert.Null(map["responseObject"]!["metadata"]!["managedFields"]);
        Assert.Equal(("NotFound", 404), ((string?)missing["responseStatus"]!["reason"], (int)missing["responseStatus"]!["code"]!));
    }

    [Fact]
    public async Task Tells_of_a_watch_when_it_starts_and_when_it_ends()
    {
        await using var scene = await AuditScene.StartAsync("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, verbs: [watch]}]}");
        (await scene.Admin.GetAsync("/api/v1/namespaces?watch=1&timeoutSeconds=1")).Expect(200);
        var events = await scene.EndAsync();
        Assert.Equal(["RequestReceived", "ResponseStarted", "ResponseComplete"], events.Select(one => (string?)one["stage"]));
    }

    [Fact]
    public async Task Tells_clients_of_both_families_by_their_own_addresses()
    {
        await using var scene = await AuditScene.StartAsync("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Metadata}]}");
        (await scene.Admin.GetAsync("/version")).Expect(200);
        (await scene.Admin.GetAsync(new UriBuilder(scene.Address) { Host = "::1" }.Uri + "version")).Expect(200);
        Assert.Equal(["127.0.0.1", "::1"], (await scene.EndAsync()).Select(one => (string?)one["sourceIPs"]![0]));
    }

    [Fact]
    public async Task Parts_of_the_control_plane_in_the_same_process_are_told_of_like_others()
    {
        await using var scene = await AuditScene.StartAsync("""
            {apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Request, users: ["system:kube-controller-manager"]}]}
            """);
        var client = scene.Server.ClientFor("kube-controller-manager");
        var cancel = TestContext.Current.CancellationToken;
        await client.CreateAsync(new k8s.Models.V1ConfigMap { ApiVersion = "v1", Kind = "ConfigMap", Metadata = new() { Name = "m", NamespaceProperty = "default" } }, cancel);
        var list = await client.ListAsync<k8s.Models.V1ConfigMap>(new ListScope("default"), cancel);
        await Assert.ThrowsAsync<Api.ApiException>(() => client.GetAsync<k8s.Models.V1Secret>(new Api.ObjectKey("default", "none"), cancel));
        using (var ending = new CancellationTokenSource(TimeSpan.FromMilliseconds(100)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in client.WatchAsync<k8s.Models.V1ConfigMap>(new ListScope("default"), list.ResourceVersion, ending.Token))
                {
                }
            });
        }

        await scene.Server.Client.GetAsync<k8s.Models.V1ConfigMap>(new Api.ObjectKey("default", "m"), cancel);
        var told = (await scene.EndAsync()).Select(one => $"{(string?)one["stage"]} {(string?)one["verb"]} {(string?)one["requestURI"]} {(int?)one["responseStatus"]?["code"]} by {(string?)one["userAgent"]}");
        Assert.Equal(
            [
                "ResponseComplete create /api/v1/namespaces/default/configmaps 201 by kube-controller-manager",
                "ResponseComplete list /api/v1/namespaces/default/configmaps 200 by kube-controller-manager",
                "ResponseComplete get /api/v1/namespaces/default/secrets/none 404 by kube-controller-manager",
                "ResponseStarted watch /api/v1/namespaces/default/configmaps?watch=true  by kube-controller-manager",
                "ResponseComplete watch /api/v1/namespaces/default/configmaps?watch=true 200 by kube-controller-manager",
            ],
            told);
    }

    [Fact]
    public void A_policy_that_is_none_is_refused_with_all_that_is_wrong()
    {
        var error = Assert.Throws<InvalidDataException>(() => AuditPolicy.Parse("{kind: Other, rules: [{level: Loud}]}"u8));
        Assert.Contains("must be of kind Policy", error.Message, StringComparison.Ordinal);
        Assert.Contains("rules[0].level", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_file_is_put_aside_and_only_so_many_are_kept()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-audit-");
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
        var options = new AuditOptions { PolicyFile = "", LogFile = Path.Combine(directory.FullName, "audit.log"), MaxMegabytes = 1, MaxBackups = 2 };
        using (var log = new AuditLog(options, time, NullLogger<AuditLog>.Instance))
        {
            await log.StartAsync(CancellationToken.None);
            for (var i = 0; i < 9; i++)
            {
                await log.WriteAsync(new byte[600 * 1024], CancellationToken.None);
            }

            await log.StopAsync(CancellationToken.None);
        }

        Assert.Equal(3, directory.GetFiles().Length);
        directory.Delete(recursive: true);
    }
}
