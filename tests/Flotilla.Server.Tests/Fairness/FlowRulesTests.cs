using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Fairness;

public sealed class FlowRulesTests(ApiHost host)
{
    private const string Api = "/apis/flowcontrol.apiserver.k8s.io/v1/";

    [Theory]
    [InlineData("""{"type":"Limited"}""", "spec.limited: Required value: must not be empty when type is Limited")]
    [InlineData("""{"type":"Limited","limited":{"limitResponse":{"type":"Queue"}}}""", "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited")]
    [InlineData("""{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":5}}}}""", "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)")]
    [InlineData("""{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":10}}}}""", "spec.limited.limitResponse.queuing.handSize: Invalid value: 10: required entropy bits of deckSize 128 and handSize 10 should not be greater than 60")]
    [InlineData("""{"type":"Limited","limited":{"lendablePercent":101,"limitResponse":{"type":"Reject"}}}""", "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive")]
    public async Task A_level_that_cannot_work_is_refused(string spec, string message)
    {
        var reply = (await host.Admin.PostAsync($"{Api}prioritylevelconfigurations", $$"""{"metadata":{"name":"t-wrong"},"spec":{{spec}} }""")).Expect(422);
        Assert.Equal($"PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io \"t-wrong\" is invalid: {message}", reply.Message);
    }

    [Theory]
    [InlineData("""{"matchingPrecedence":1,"priorityLevelConfiguration":{"name":"x"}}""", "only the schema named 'exempt' may have matchingPrecedence 1")]
    [InlineData("""{"matchingPrecedence":10001,"priorityLevelConfiguration":{"name":"x"}}""", "must not be greater than 10000")]
    [InlineData("""{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[{"kind":"User","user":{"name":"u"}}]}]}""", "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty")]
    [InlineData("""{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[{"kind":"User","user":{"name":"u"}}],"resourceRules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}]}""", "resource rules that are not cluster scoped must supply at least one namespace")]
    public async Task A_schema_that_matches_nothing_is_refused(string spec, string message)
    {
        var reply = (await host.Admin.PostAsync($"{Api}flowschemas", $$"""{"metadata":{"name":"t-wrong"},"spec":{{spec}} }""")).Expect(422);
        Assert.Contains(message, reply.Message, StringComparison.Ordinal);
    }
}
