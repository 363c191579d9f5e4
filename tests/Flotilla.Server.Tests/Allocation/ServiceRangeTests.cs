using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Server.Allocation;
using Flotilla.Server.Tests.Harness;
using Flotilla.Storage;

namespace Flotilla.Server.Tests.Allocation;

public sealed class ServiceRangeTests(ApiHost host)
{
    [Fact]
    public async Task A_range_that_was_added_later_is_used_as_long_as_it_is_ready()
    {
        const string ranges = "/apis/networking.k8s.io/v1/servicecidrs";
        var services = $"/api/v1/namespaces/{await host.SpaceAsync()}/services";
        Assert.Contains("is not in the valid range", (await AskAsync(services, "a")).Expect(422).Message, StringComparison.Ordinal);

        (await host.Admin.PostAsync(ranges, """{"metadata":{"name":"later"},"spec":{"cidrs":["192.168.77.0/28"]}}""")).Expect(201);
        await host.Admin.PatchAsync($"{ranges}/later/status", """{"status":{"conditions":[{"type":"Ready","status":"True","reason":"","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""");
        Assert.Equal("192.168.77.5", (string?)(await AskAsync(services, "a")).Expect(201)["spec.clusterIP"]);
        Assert.Contains("already allocated", (await AskAsync(services, "b")).Expect(422).Message, StringComparison.Ordinal);

        (await host.Admin.DeleteAsync($"{services}/a")).Expect(200);
        (await host.Admin.DeleteAsync($"{ranges}/later")).Expect(200);
        Assert.Contains("is not in the valid range", (await AskAsync(services, "c")).Expect(422).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"r"}}""", false)]
    [InlineData("""{"metadata":{"name":"r"},"status":{"conditions":[{"type":"Ready","status":"False"}]}}""", false)]
    [InlineData("""{"metadata":{"name":"r","deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}""", false)]
    [InlineData("""{"metadata":{"name":"r"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}""", true)]
    public async Task Only_a_ready_range_that_stays_is_used(string range, bool isUsed)
    {
        await using var store = new MemoryStore();
        var stored = JsonNode.Parse(range)!.AsObject();
        stored["spec"] = JsonNode.Parse("""{"cidrs":["192.168.77.0/28"]}""");
        await store.WriteAsync(new WriteRequest(NetworkingKinds.ServiceCidr.StoragePrefix + "r", Encoding.UTF8.GetBytes(stored.ToJsonString()), Precondition.Any), TestContext.Current.CancellationToken);
        Assert.Equal(isUsed ? 1 : 0, (await new ServiceRanges(store).ReadAsync(TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public void The_next_range_is_used_when_one_is_full()
    {
        var allocator = new ServiceAllocator("10.0.0.0/29");
        var more = AddressRange.Parse("10.1.0.0/29")!;
        var given = Enumerable.Range(0, 12).Select(_ => Next(allocator, more)).ToList();
        Assert.Equal(12, given.Distinct().Count());
        Assert.All(given.Take(6), address => Assert.True(IPNetwork.Parse("10.0.0.0/29").Contains(address)));
        Assert.All(given.Skip(6), address => Assert.True(IPNetwork.Parse("10.1.0.0/29").Contains(address)));
        Assert.Contains("range is full", Assert.Throws<Api.ApiException>(() => Next(allocator, more)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.0/31")]
    [InlineData("10.0.0.0/32")]
    public void A_range_without_room_gives_nothing(string cidr) => Assert.Null(AddressRange.Parse(cidr)!.Take([]));

    private static IPAddress Next(ServiceAllocator allocator, AddressRange more)
    {
        var service = JsonNode.Parse("""{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}""")!.AsObject();
        allocator.Reserve(service, null, [more]).Keep();
        return IPAddress.Parse((string)service["spec"]!["clusterIP"]!);
    }

    private Task<Reply> AskAsync(string services, string name) =>
        host.Admin.PostAsync(services, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"clusterIP":"192.168.77.5","ports":[{"port":80}]}}""");
}
