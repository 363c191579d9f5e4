using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Certificates;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Auth;

public sealed class ApiOperationsTests(ApiHost host)
{
    private const string FlowGroup = "flowcontrol.apiserver.k8s.io";

    [Fact]
    public async Task Certificates_api_supports_csr_operations()
    {
        using var csr = new Csr("CN=e2e.example.com");
        await new ObjectOperations(host, "certificates.k8s.io", "certificatesigningrequests").RunAsync(
            (name, labels) => Labelled((JsonObject)csr.Body(name, "e2e.example.com/signer", "digital signature", "key encipherment", "server auth"), labels), "approval", "status");
    }

    [Fact]
    public Task Api_priority_and_fairness_supports_flow_schema_operations() => new ObjectOperations(host, FlowGroup, "flowschemas").RunAsync(
        (name, labels) => Object(name, labels, """
            {"matchingPrecedence":10000,"priorityLevelConfiguration":{"name":"global-default"},"distinguisherMethod":{"type":"ByUser"},
             "rules":[{"subjects":[{"kind":"User","user":{"name":"example-e2e-non-existent-user"}}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}
            """),
        "status");

    [Fact]
    public Task Api_priority_and_fairness_supports_priority_level_configuration_operations() => new ObjectOperations(host, FlowGroup, "prioritylevelconfigurations").RunAsync(
        (name, labels) => Object(name, labels, """{"type":"Limited","limited":{"nominalConcurrencyShares":2,"limitResponse":{"type":"Reject"}}}"""), "status");

    private static JsonObject Object(string name, JsonObject labels, string spec) =>
        Labelled(new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = JsonNode.Parse(spec) }, labels);

    private static JsonObject Labelled(JsonObject value, JsonObject labels)
    {
        value["metadata"]!["labels"] = labels;
        return value;
    }
}
