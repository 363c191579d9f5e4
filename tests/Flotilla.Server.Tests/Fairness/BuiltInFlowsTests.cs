using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Fairness;

public sealed class BuiltInFlowsTests(ApiHost host)
{
    private const string Api = "/apis/flowcontrol.apiserver.k8s.io/v1/";

    /// <summary>What a fresh v1.36 cluster holds: kind, name, and the digest of the spec with its fields in order.</summary>
    private const string Recorded = """
        FlowSchema catch-all 3b6f3389aa18
        FlowSchema exempt 612cf16ac427
        FlowSchema global-default fc4d20625869
        FlowSchema kube-controller-manager 2a75626ffa19
        FlowSchema kube-scheduler c3eea7c87ece
        FlowSchema kube-system-service-accounts 833460be2eec
        FlowSchema probes ee9c4794858a
        FlowSchema service-accounts e4462af4ea70
        FlowSchema system-leader-election abd6117e3757
        FlowSchema system-node-high 92c14809cdd8
        FlowSchema system-nodes 5f19b4f8cd00
        PriorityLevelConfiguration catch-all 99ded5d23f18
        PriorityLevelConfiguration exempt 8ea91002c29d
        PriorityLevelConfiguration global-default 18dea6d9ceb7
        PriorityLevelConfiguration leader-election 2495bbd19428
        PriorityLevelConfiguration node-high 5129c21c52f8
        PriorityLevelConfiguration system 459eacf76413
        PriorityLevelConfiguration workload-high dbf648e5fa19
        PriorityLevelConfiguration workload-low 249d810f4483
        """;

    [Fact]
    public async Task A_fresh_cluster_has_exactly_the_recorded_schemas_and_levels()
    {
        var found = new List<string>();
        foreach (var (plural, kind) in ((string, string)[])[("flowschemas", "FlowSchema"), ("prioritylevelconfigurations", "PriorityLevelConfiguration")])
        {
            var list = (await host.Admin.GetAsync(Api + plural)).Expect(200);
            found.AddRange(((JsonArray)list["items"]!).Where(item => item!["metadata"]!["annotations"]?["apf.kubernetes.io/autoupdate-spec"] is not null).Select(item => $"{kind} {(string?)item!["metadata"]!["name"]} {Digest(item["spec"]!)}"));
        }

        Assert.Equal(Recorded.Split('\n'), found);
    }

    [Fact]
    public async Task A_mandatory_schema_is_made_again()
    {
        (await host.Admin.DeleteAsync($"{Api}flowschemas/catch-all")).Expect(200);
        await host.Admin.EventuallyAsync($"{Api}flowschemas/catch-all", reply => reply.Code == 200);
    }

    [Fact]
    public async Task A_schema_says_whether_its_level_exists()
    {
        (await host.Admin.PostAsync($"{Api}flowschemas", """{"metadata":{"name":"t-dangling"},"spec":{"priorityLevelConfiguration":{"name":"t-level"}}}""")).Expect(201);
        var dangling = await host.Admin.EventuallyAsync($"{Api}flowschemas/t-dangling", reply => reply["status.conditions"] is JsonArray { Count: 1 });
        Assert.Equal("True", (string?)dangling["status.conditions.0.status"]);
        Assert.Equal("This FlowSchema references the PriorityLevelConfiguration object named \"t-level\" but there is no such object", (string?)dangling["status.conditions.0.message"]);
        (await host.Admin.PostAsync($"{Api}prioritylevelconfigurations", """{"metadata":{"name":"t-level"},"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"limitResponse":{"type":"Reject"}}}}""")).Expect(201);
        await host.Admin.EventuallyAsync($"{Api}flowschemas/t-dangling", reply => (string?)reply["status.conditions.0.reason"] == "Found");
    }

    [Fact]
    public async Task Each_answer_names_the_schema_and_level_of_its_request()
    {
        var schema = (await host.Admin.GetAsync($"{Api}flowschemas/global-default")).Expect(200);
        var level = (await host.Admin.GetAsync($"{Api}prioritylevelconfigurations/global-default")).Expect(200);
        var reply = await host.ClientOf("somebody").GetAsync("/api");
        Assert.Equal((string?)schema["metadata.uid"], reply.Headers.GetValues("X-Kubernetes-PF-FlowSchema-UID").Single());
        Assert.Equal((string?)level["metadata.uid"], reply.Headers.GetValues("X-Kubernetes-PF-PriorityLevel-UID").Single());
    }

    private static string Digest(JsonNode spec) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Ordered(spec)!.ToJsonString())))[..12];

    private static JsonNode? Ordered(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Ordered(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Ordered)]),
        _ => node?.DeepClone(),
    };
}
