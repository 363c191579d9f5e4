using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Webhooks;

public sealed class WebhookTests(ApiHost host, WebhookServer server)
{
    [Fact]
    public async Task Asks_with_everything_known_about_the_request()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow());
        await scene.ValidateAsync(scene.Hook(path));
        (await scene.CreateConfigMapAsync("a", "?dryRun=All&fieldManager=me")).Expect(201);
        var asked = server.SeenAt(path).Single();
        Assert.Equal("CREATE", (string?)asked["operation"]);
        Assert.Equal("""{"group":"","version":"v1","kind":"ConfigMap"}""", asked["kind"]!.ToJsonString());
        Assert.Equal("""{"group":"","version":"v1","resource":"configmaps"}""", asked["requestResource"]!.ToJsonString());
        Assert.Equal(("a", scene.Space), ((string?)asked["name"], (string?)asked["namespace"]));
        Assert.Contains("system:masters", asked["userInfo"]!["groups"]!.AsArray().Select(group => (string?)group));
        Assert.True((bool?)asked["dryRun"]);
        Assert.Equal("""{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"me","dryRun":["All"]}""", asked["options"]!.ToJsonString());
        Assert.Equal("ConfigMap", (string?)asked["object"]!["kind"]);
        Assert.True(asked.ContainsKey("oldObject"));
        Assert.Null(asked["oldObject"]);
    }

    [Fact]
    public async Task A_refusal_carries_the_webhooks_code_and_reason()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => new JsonObject { ["allowed"] = false, ["status"] = new JsonObject { ["message"] = "no", ["code"] = 403, ["reason"] = "Forbidden" } });
        await scene.ValidateAsync(scene.Hook(path));
        var reply = (await scene.CreateConfigMapAsync("a")).Expect(403);
        Assert.Equal("admission webhook \"hook.example.com\" denied the request: no", reply.Message);
        Assert.Equal("Forbidden", (string?)reply.Body["reason"]);
    }

    [Fact]
    public async Task A_refusal_without_words_says_so()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook(server.On(_ => new JsonObject { ["allowed"] = false })));
        Assert.Equal("admission webhook \"hook.example.com\" denied the request without explanation", (await scene.CreateConfigMapAsync("a")).Expect(400).Message);
    }

    [Fact]
    public async Task A_webhook_that_cannot_be_reached_fails_the_request_unless_told_to_ignore()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var hook = scene.Hook("/x", more: """{"clientConfig":{"url":"https://127.0.0.1:1/x"}}""");
        var name = await scene.ValidateAsync(hook);
        var reply = (await scene.CreateConfigMapAsync("a")).Expect(500);
        Assert.Equal("Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \"https://127.0.0.1:1/x?timeout=10s\": dial tcp 127.0.0.1:1: connect: connection refused", reply.Message);
        (await scene.Api.PatchAsync(name, """[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]""", ApiCaller.JsonPatch)).Expect(200);
        (await scene.CreateConfigMapAsync("a")).Expect(201);
    }

    [Fact]
    public async Task A_server_of_an_unknown_authority_is_not_believed()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var hook = scene.Hook(server.On(_ => WebhookServer.Allow()));
        hook["clientConfig"]!.AsObject().Remove("caBundle");
        await scene.ValidateAsync(hook);
        Assert.EndsWith("tls: failed to verify certificate: x509: certificate signed by unknown authority", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_page_is_told()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook("/nowhere"));
        Assert.EndsWith("failed to call webhook: the server could not find the requested resource", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_to_another_question_is_refused()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook(server.On(_ => new JsonObject { ["uid"] = "other", ["allowed"] = true })));
        Assert.Contains("received invalid webhook response: expected response.uid=", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_with_side_effects_refuses_dry_runs()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow());
        await scene.MutateAsync(scene.Hook(path, more: """{"sideEffects":"NoneOnDryRun"}"""));
        (await scene.CreateConfigMapAsync("a", "?dryRun=All")).Expect(201);
        Assert.True((bool?)server.SeenAt(path).Single()["dryRun"]);
    }

    [Fact]
    public async Task Warnings_reach_the_client_on_success_and_on_refusal()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(request => new JsonObject { ["allowed"] = (string?)request["name"] == "good", ["warnings"] = new JsonArray("mind the gap") });
        await scene.ValidateAsync(scene.Hook(path));
        Assert.Equal(["299 - \"mind the gap\""], (await scene.CreateConfigMapAsync("good")).Expect(201).Warnings);
        Assert.Equal(["299 - \"mind the gap\""], (await scene.CreateConfigMapAsync("bad")).Expect(400).Warnings);
    }

    [Fact]
    public async Task Is_called_again_when_a_later_one_changed_what_it_saw()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var first = server.On(request => request["object"]!["data"]!["second"] is null ? WebhookServer.Allow() : WebhookServer.Allow("""[{"op":"add","path":"/data/saw","value":"second"}]"""));
        var second = server.On(_ => WebhookServer.Allow("""[{"op":"add","path":"/data/second","value":"yes"}]"""));
        await scene.MutateAsync(scene.Hook(first, more: """{"reinvocationPolicy":"IfNeeded"}""", name: "first.example.com"), scene.Hook(second, name: "second.example.com"));
        var reply = (await scene.CreateConfigMapAsync("a", data: """{"own":"1"}""")).Expect(201);
        Assert.Equal("""{"own":"1","second":"yes","saw":"second"}""", reply["data"]!.ToJsonString());
        Assert.Equal((2, 1), (server.SeenAt(first).Count(), server.SeenAt(second).Count()));
    }

    [Fact]
    public async Task Matches_what_carries_a_label_before_or_after()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook(server.On(_ => WebhookServer.Deny("labelled")), more: """{"objectSelector":{"matchLabels":{"guard":"on"}}}"""));
        var made = (await scene.CreateConfigMapAsync("a")).Expect(201);
        (await scene.Api.PatchAsync($"/api/v1/namespaces/{scene.Space}/configmaps/a", """{"metadata":{"labels":{"guard":"on"}}}""")).Expect(400);
        Assert.NotNull(made["metadata.uid"]);
    }

    [Fact]
    public async Task Sees_deletions_one_by_one_with_the_old_object_only()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow());
        await scene.ValidateAsync(scene.Hook(path, """[{"operations":["DELETE"],"apiGroups":["*"],"apiVersions":["*"],"resources":["configmaps"]}]"""));
        (await scene.CreateConfigMapAsync("a")).Expect(201);
        (await scene.CreateConfigMapAsync("b")).Expect(201);
        (await scene.Api.DeleteAsync($"/api/v1/namespaces/{scene.Space}/configmaps?fieldSelector=metadata.name!=kube-root-ca.crt")).Expect(200);
        var asked = server.SeenAt(path).ToList();
        Assert.Equal(["a", "b"], asked.Select(request => (string?)request["name"]));
        Assert.All(asked, request => Assert.True(request["object"] is null && request["oldObject"] is not null));
    }

    [Fact]
    public async Task Shows_another_version_of_the_kind_when_only_that_is_named()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow());
        await scene.ValidateAsync(scene.Hook(path, """[{"operations":["*"],"apiGroups":["autoscaling"],"apiVersions":["v1"],"resources":["horizontalpodautoscalers"]}]"""));
        (await scene.Api.PostAsync(
            $"/apis/autoscaling/v2/namespaces/{scene.Space}/horizontalpodautoscalers",
            """{"metadata":{"name":"a"},"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"}}}""")).Expect(201);
        var asked = server.SeenAt(path).Single();
        Assert.Equal(("v1", "v2"), ((string?)asked["kind"]!["version"], (string?)asked["requestKind"]!["version"]));
        Assert.Equal("autoscaling/v1", (string?)asked["object"]!["apiVersion"]);
    }

    [Fact]
    public async Task Shows_a_scale_as_a_scale_and_takes_its_patch()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow("""[{"op":"replace","path":"/spec/replicas","value":2}]"""));
        await scene.MutateAsync(scene.Hook(path, """[{"operations":["UPDATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["replicasets/scale"]}]"""));
        var sets = $"/apis/apps/v1/namespaces/{scene.Space}/replicasets";
        (await scene.Api.PostAsync(sets, """{"metadata":{"name":"a"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"nodeName":"none","containers":[{"name":"c","image":"i"}]}}}}""")).Expect(201);
        var scaled = (await scene.Api.PatchAsync($"{sets}/a/scale", """{"spec":{"replicas":1}}""")).Expect(200);
        Assert.Equal(2, (int?)scaled["spec.replicas"]);
        Assert.Equal("Scale", (string?)server.SeenAt(path).First()["kind"]!["kind"]);
    }

    [Fact]
    public async Task Guards_evictions_and_tokens()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook(server.On(_ => WebhookServer.Deny("closed")), """[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods/eviction","serviceaccounts/token"]}]"""));
        (await scene.CreatePodAsync("p")).Expect(201);
        var denied = "admission webhook \"hook.example.com\" denied the request: closed";
        Assert.Equal(denied, (await scene.Api.PostAsync($"/api/v1/namespaces/{scene.Space}/pods/p/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}""")).Expect(400).Message);
        Assert.Equal(denied, (await scene.Api.PostAsync($"/api/v1/namespaces/{scene.Space}/serviceaccounts/default/token", """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""")).Expect(400).Message);
    }

    [Fact]
    public async Task Reaches_a_service_by_what_is_stored_about_it()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Deny("through the service"));
        var client = $$"""{"clientConfig":{"caBundle":"{{server.CaBundle}}","service":{"namespace":"{{scene.Space}}","name":"hook","port":{{server.Port}},"path":"{{path}}"} } }""";
        await scene.ValidateAsync(scene.Hook(path, more: client));
        Assert.EndsWith("service \"hook\" not found", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
        (await scene.Api.PostAsync($"/api/v1/namespaces/{scene.Space}/services", """{"metadata":{"name":"hook"},"spec":{"type":"ExternalName","externalName":"localhost"}}""")).Expect(201);

        // It is reached, and shows no certificate for the service's name.
        Assert.Contains("tls: failed to verify certificate: x509: certificate is", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reaches_a_ready_endpoint_of_a_service()
    {
        if (OwnAddress() is not { } address)
        {
            Assert.Skip("needs an address that is not loopback");
            return;
        }

        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.Api.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"webhooks"}}""");
        var api = "/api/v1/namespaces/webhooks";
        (await scene.Api.PostAsync($"{api}/services", """{"metadata":{"name":"hook"},"spec":{"ports":[{"name":"https","port":443,"targetPort":8443}]}}""")).Expect(201);
        var client = $$"""{"clientConfig":{"caBundle":"{{server.CaBundle}}","service":{"namespace":"webhooks","name":"hook","path":"{{server.On(_ => WebhookServer.Deny("through the endpoint"))}}"} } }""";
        await scene.ValidateAsync(scene.Hook("/unused", more: client));
        Assert.EndsWith("no endpoints available for service \"hook\"", (await scene.CreateConfigMapAsync("a")).Expect(500).Message, StringComparison.Ordinal);
        var slice = $$"""
            {"metadata":{"name":"hook-1","labels":{"kubernetes.io/service-name":"hook"} },"addressType":"IPv4","ports":[{"name":"https","port":{{server.Port}} }],
             "endpoints":[{"addresses":["192.0.2.1"],"conditions":{"ready":false} },{"addresses":["{{address}}"],"conditions":{"ready":true} }]}
            """;
        (await scene.Api.PostAsync("/apis/discovery.k8s.io/v1/namespaces/webhooks/endpointslices", slice)).Expect(201);
        Assert.EndsWith("denied the request: through the endpoint", (await scene.CreateConfigMapAsync("a")).Expect(400).Message, StringComparison.Ordinal);
    }

    private static string? OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(link => link.OperationalStatus == OperationalStatus.Up && link.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(link => link.GetIPProperties().UnicastAddresses)
        .FirstOrDefault(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString();
}
