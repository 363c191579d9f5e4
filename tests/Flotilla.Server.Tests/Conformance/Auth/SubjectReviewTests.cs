using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Auth;

public sealed class SubjectReviewTests(ApiHost host)
{
    [Fact]
    public async Task Supports_subject_review_operations()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/serviceaccounts", """{"metadata":{"name":"e2e"}}""")).Expect(201);
        var user = $"system:serviceaccount:{space}:e2e";
        var seen = await host.Admin.SendBytesAsync(HttpMethod.Get, $"/api/v1/namespaces/{space}/secrets", null, ApiCaller.Json, ApiCaller.Json, ("Impersonate-User", user));
        var spec = $$$"""{"spec":{"user":"{{{user}}}","resourceAttributes":{"namespace":"{{{space}}}","verb":"list","resource":"secrets","version":"v1"} } }""";
        var review = (await host.Admin.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", spec)).Expect(201);
        Assert.Equal(seen.Code == 200, (bool)review["status.allowed"]!);
        var local = (await host.Admin.PostAsync($"/apis/authorization.k8s.io/v1/namespaces/{space}/localsubjectaccessreviews", spec)).Expect(201);
        Assert.Equal(seen.Code == 200, (bool)local["status.allowed"]!);
        Assert.Equal(403, seen.Code);
    }

    [Theory]
    [InlineData("""{"fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1"]}]}}""", true)]
    [InlineData("""{"fieldSelector":{"rawSelector":"spec.nodeName=n1"}}""", true)]
    [InlineData("""{"fieldSelector":{"rawSelector":"spec.nodeName=n2"}}""", false)]
    [InlineData("""{"fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["n1","n2"]}]}}""", false)]
    [InlineData("""{"labelSelector":{"requirements":[{"key":"app","operator":"Exists"}]}}""", false)]
    public async Task A_review_asks_for_the_part_of_a_list_its_selectors_leave(string selectors, bool allowed)
    {
        var spec = $$"""{"spec":{"user":"system:node:n1","groups":["system:nodes","system:authenticated"],"resourceAttributes":{"verb":"list","resource":"pods","version":"v1",{{selectors[1..^1]}} } } }""";
        var review = (await host.Admin.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", spec)).Expect(201);
        Assert.Equal(allowed, (bool)review["status.allowed"]!);
    }

    [Fact]
    public async Task Selectors_of_a_review_are_checked()
    {
        const string Spec = """{"spec":{"user":"ann","resourceAttributes":{"verb":"list","resource":"pods","labelSelector":{"requirements":[{"operator":"In"},{"key":"a","operator":"Exists","values":["b"]}]},"fieldSelector":{} } } }""";
        var refused = (await host.Admin.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", Spec)).Expect(422);
        Assert.Equal(
            [
                "spec.resourceAttributes.fieldSelector.requirements", "spec.resourceAttributes.labelSelector.requirements[0].key",
                "spec.resourceAttributes.labelSelector.requirements[0].values", "spec.resourceAttributes.labelSelector.requirements[1].values",
            ],
            refused["details.causes"]!.AsArray().Select(cause => (string)cause!["field"]!));
    }
}
