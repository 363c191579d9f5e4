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
}
