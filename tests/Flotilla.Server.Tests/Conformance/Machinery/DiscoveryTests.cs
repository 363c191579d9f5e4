using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class DiscoveryTests(ApiHost host)
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private static readonly (string Group, string Version, string Resource)[] Expected =
    [
        ("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), ("apiextensions.k8s.io", "v1", "customresourcedefinitions"), ("apiregistration.k8s.io", "v1", "apiservices"),
        ("apps", "v1", "deployments"), ("authentication.k8s.io", "v1", "tokenreviews"), ("authorization.k8s.io", "v1", "selfsubjectaccessreviews"), ("autoscaling", "v1", "horizontalpodautoscalers"),
        ("autoscaling", "v2", "horizontalpodautoscalers"), ("batch", "v1", "jobs"), ("certificates.k8s.io", "v1", "certificatesigningrequests"), ("coordination.k8s.io", "v1", "leases"),
        ("discovery.k8s.io", "v1", "endpointslices"), ("events.k8s.io", "v1", "events"), ("networking.k8s.io", "v1", "ingresses"), ("node.k8s.io", "v1", "runtimeclasses"),
        ("policy", "v1", "poddisruptionbudgets"), ("scheduling.k8s.io", "v1", "priorityclasses"), ("storage.k8s.io", "v1", "csinodes"), ("", "v1", "namespaces"), ("", "v1", "pods"),
    ];

    [Theory]
    [InlineData(Aggregated)]
    [InlineData(Aggregated + ",application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json")]
    public async Task Tells_every_built_in_resource_in_one_document(string accept)
    {
        var known = new HashSet<(string, string, string)>();
        foreach (var path in new[] { "/api", "/apis" })
        {
            var reply = (await host.Admin.GetAsync(path, accept)).Expect(200);
            Assert.Equal(Aggregated, reply.ContentHeaders.ContentType!.ToString().Replace("; ", ";", StringComparison.Ordinal));
            known.UnionWith(Resources(reply));
        }

        Assert.Empty(Expected.Except(known));
    }

    [Fact]
    public async Task Tells_the_resources_of_definitions_in_the_same_document()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple("""{"type":"object"}"""));
        Assert.Contains((defs.Group, "v1", "gadgets"), Resources((await host.Admin.GetAsync("/apis", Aggregated)).Expect(200)));
    }

    [Fact]
    public async Task Finds_a_resource_in_every_group_and_version()
    {
        var groups = (await host.Admin.GetAsync("/apis")).Expect(200).Body["groups"]!.AsArray();
        foreach (var version in groups.SelectMany(group => group!["versions"]!.AsArray()).Select(version => (string)version!["groupVersion"]!).Where(version => !version.Contains("example.", StringComparison.Ordinal)))
        {
            var list = (await host.Admin.GetAsync($"/apis/{version}")).Expect(200);
            Assert.Equal(version, (string?)list["groupVersion"]);
            Assert.All(list["resources"]!.AsArray(), resource => Assert.NotEmpty((string)resource!["name"]!));
            Assert.NotEmpty(list["resources"]!.AsArray());
        }
    }

    [Fact]
    public async Task The_preferred_version_of_every_group_is_one_of_its_versions()
    {
        foreach (var group in (await host.Admin.GetAsync("/apis")).Expect(200).Body["groups"]!.AsArray())
        {
            var name = (string)group!["name"]!;
            var preferred = (string)group["preferredVersion"]!["groupVersion"]!;
            Assert.Contains(group["versions"]!.AsArray(), version => (string?)version!["groupVersion"] == preferred);
            if (!name.Contains("example.", StringComparison.Ordinal))
            {
                Assert.Equal(preferred, (string?)(await host.Admin.GetAsync($"/apis/{name}")).Expect(200)["preferredVersion.groupVersion"]);
            }
        }
    }

    [Fact]
    public async Task Tells_the_version_of_the_server()
    {
        var version = (await host.Admin.GetAsync("/version")).Expect(200);
        Assert.Matches("^[1-9]+$", (string)version["major"]!);
        Assert.Matches("^[0-9]+", (string)version["minor"]!);
        Assert.StartsWith($"v{version["major"]}.{version["minor"]}.", (string)version["gitVersion"]!, StringComparison.Ordinal);
    }

    private static IEnumerable<(string, string, string)> Resources(Reply reply) =>
        from JsonNode? item in reply.Body["items"]!.AsArray()
        from JsonNode? version in item["versions"]!.AsArray()
        from JsonNode? resource in version["resources"]!.AsArray()
        select ((string?)item["metadata"]?["name"] ?? "", (string)version["version"]!, (string)resource["resource"]!);
}
