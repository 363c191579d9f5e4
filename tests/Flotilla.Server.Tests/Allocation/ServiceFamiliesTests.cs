using System.Text.Json.Nodes;
using Flotilla.Server.Allocation;

namespace Flotilla.Server.Tests.Allocation;

public sealed class ServiceFamiliesTests
{
    private const string One = "10.0.0.0/16";
    private const string Two = "10.0.0.0/16,fd00:96::/112";

    [Theory]
    [InlineData(One, "{}", "SingleStack IPv4 4")]
    [InlineData(Two, "{}", "SingleStack IPv4 4")]
    [InlineData(One, """{"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4 4")]
    [InlineData(Two, """{"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4,IPv6 4,6")]
    [InlineData(Two, """{"ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6"]}""", "RequireDualStack IPv6,IPv4 6,4")]
    [InlineData(Two, """{"ipFamilies":["IPv6"]}""", "SingleStack IPv6 6")]
    [InlineData(Two, """{"clusterIP":"fd00:96::77","clusterIPs":["fd00:96::77"]}""", "SingleStack IPv6 6")]
    [InlineData(Two, """{"clusterIP":"fd00:96::78","clusterIPs":["fd00:96::78"],"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv6,IPv4 6,4")]
    [InlineData(One, """{"clusterIP":"None","clusterIPs":["None"]}""", "RequireDualStack IPv4,IPv6 None")]
    [InlineData(One, """{"clusterIP":"None","clusterIPs":["None"],"selector":{"a":"b"}}""", "SingleStack IPv4 None")]
    [InlineData(Two, """{"clusterIP":"None","clusterIPs":["None"],"selector":{"a":"b"},"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4,IPv6 None")]
    [InlineData(One, """{"ipFamilyPolicy":"RequireDualStack"}""", "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services")]
    [InlineData(One, """{"ipFamilies":["IPv6"]}""", "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster")]
    [InlineData(Two, """{"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4","IPv6"]}""", "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")]
    [InlineData(One, """{"clusterIP":"fd00:96::77","clusterIPs":["fd00:96::77"]}""", "spec.clusterIPs[0]: Invalid value: [\"fd00:96::77\"]: IPv6 is not configured on this cluster")]
    public void A_service_gets_the_families_it_asks_for_or_an_answer(string ranges, string spec, string expected) =>
        Assert.Contains(expected, Reserve(new ServiceAllocator(ranges), Service(spec), null), StringComparison.Ordinal);

    [Fact]
    public void A_second_address_comes_and_goes_with_the_policy_and_only_then()
    {
        var allocator = new ServiceAllocator(Two);
        var service = Service("{}");
        Reserve(allocator, service, null);
        var single = service.DeepClone().AsObject();
        service["spec"]!["ipFamilyPolicy"] = "RequireDualStack";
        Assert.Equal("RequireDualStack IPv4,IPv6 4,6", Reserve(allocator, service, single));
        Assert.Equal((string?)single["spec"]!["clusterIP"], (string?)service["spec"]!["clusterIP"]);

        var dual = service.DeepClone().AsObject();
        service["spec"]!["ipFamilies"] = new JsonArray("IPv4");
        Assert.Contains("must be 'SingleStack' to release the secondary IP family", Reserve(allocator, service, dual), StringComparison.Ordinal);
        service = dual.DeepClone().AsObject();
        service["spec"]!["ipFamilyPolicy"] = "SingleStack";
        Assert.Equal("SingleStack IPv4 4", Reserve(allocator, service, dual));
    }

    [Fact]
    public void A_service_that_prefers_two_families_keeps_its_one_when_the_cluster_gets_another()
    {
        var service = Service("""{"ipFamilyPolicy":"PreferDualStack"}""");
        Reserve(new ServiceAllocator(One), service, null);
        Assert.Equal("PreferDualStack IPv4 4", Reserve(new ServiceAllocator(Two), service, service.DeepClone().AsObject()));
    }

    private static JsonObject Service(string spec)
    {
        var service = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "web" }, ["spec"] = JsonNode.Parse(spec) };
        service["spec"]!["type"] = "ClusterIP";
        return service;
    }

    /// <summary>Policy, families and which address is of which; or the refusal.</summary>
    private static string Reserve(ServiceAllocator allocator, JsonObject service, JsonObject? old)
    {
        try
        {
            allocator.Reserve(service, old, []);
        }
        catch (Api.ApiException refused)
        {
            return refused.Message;
        }

        var spec = service["spec"]!;
        var addresses = spec["clusterIPs"]!.AsArray().Select(one => (string)one!).Select(text => text == "None" ? text : text.Contains(':', StringComparison.Ordinal) ? "6" : "4");
        return $"{spec["ipFamilyPolicy"]} {string.Join(',', spec["ipFamilies"]!.AsArray())} {string.Join(',', addresses)}";
    }
}
