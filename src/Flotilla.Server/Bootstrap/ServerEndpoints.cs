using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Networks;
using Flotilla.Server.Membership;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Bootstrap;

/// <summary>The service <c>kubernetes</c> and where it leads: to the servers that are there. Made anew whatever becomes of them.</summary>
internal sealed class ServerEndpoints(BuiltInObjects objects, IStore store, ServerMembers members, ApiServerOptions options)
{
    private const string ServiceLabel = "kubernetes.io/service-name";
    private static readonly ObjectKey Key = new("default", "kubernetes");

    /// <summary>Before the server listens, what others need of it to begin.</summary>
    public Task EnsureServiceAsync(CancellationToken cancellationToken)
    {
        var labels = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" };
        return objects.EnsureAsync(CoreKinds.Service, Key.Namespace, FirstObjects.Service(Key.Name, ApiAddress(), labels, [("https", 443, "TCP", options.Port)]), cancellationToken);
    }

    /// <summary>This server is there, and so are those that have told of themselves lately.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await EnsureServiceAsync(cancellationToken);
        if (Own is { } own)
        {
            await PublishAsync(await members.RenewAsync(own, cancellationToken), cancellationToken);
        }
    }

    /// <summary>This server stops: the others need not find out.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (Own is null || !members.AreSeveral)
        {
            return;
        }

        await members.LeaveAsync(options.ServerName, cancellationToken);
        if (await members.ListAsync(cancellationToken) is { Count: > 0 } others)
        {
            await PublishAsync([.. others.Select(found => found.Member)], cancellationToken);
        }
    }

    /// <summary>null: nobody else could reach it there, and the rules for endpoints refuse such addresses.</summary>
    private ServerMember? Own => (options.AdvertiseAddress ?? options.BindAddress) is var address
        && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(address)) ? null : new ServerMember(options.ServerName, address.ToString(), options.Port);

    /// <summary>The first address of the services' range; of two that of the servers' own family, or the service would lead nowhere.</summary>
    private string ApiAddress()
    {
        var ranges = NetworkRanges.Parse(options.ServiceCidr);
        var own = (options.AdvertiseAddress ?? options.BindAddress).AddressFamily;
        return ranges.FirstOrDefault(range => range.BaseAddress.AddressFamily == own, ranges[0]).At(1).ToString();
    }

    // Where the API servers listen may change between starts: their endpoints follow. Servers on another port have a slice of their own.
    private async Task PublishAsync(IReadOnlyList<ServerMember> servers, CancellationToken cancellationToken)
    {
        var ports = servers.GroupBy(server => server.Port, server => server.Address).OrderBy(group => group.Key).ToList();
        var metadata = new JsonObject { ["name"] = Key.Name, ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } };
        await KeepAsync(CoreKinds.Endpoints, Key, new JsonObject { ["metadata"] = metadata, ["subsets"] = new JsonArray([.. ports.Select(Subset)]) }, cancellationToken);
        var slices = ports.Select((group, place) => (Key: Key with { Name = place == 0 ? Key.Name : $"{Key.Name}-{group.Key}" }, Group: group)).ToList();
        foreach (var (key, group) in slices)
        {
            await KeepAsync(DiscoveryKinds.EndpointSlice, key, Slice(key.Name, group), cancellationToken);
        }

        await RemoveSlicesAsync([.. slices.Select(slice => slice.Key.Name)], cancellationToken);
    }

    private static JsonNode Subset(IGrouping<int, string> servers) => new JsonObject
    {
        ["addresses"] = new JsonArray([.. Ordered(servers).Select(address => new JsonObject { ["ip"] = address })]),
        ["ports"] = new JsonArray(PortOf(servers.Key)),
    };

    private static JsonObject Slice(string name, IGrouping<int, string> servers) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [ServiceLabel] = Key.Name } },
        ["addressType"] = servers.All(IsVersion6) ? "IPv6" : "IPv4",
        ["endpoints"] = new JsonArray([.. Ordered(servers).Select(address => new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false } })]),
        ["ports"] = new JsonArray(PortOf(servers.Key)),
    };

    private static bool IsVersion6(string address) => address.Contains(':', StringComparison.Ordinal);

    private static IEnumerable<string> Ordered(IEnumerable<string> addresses) => addresses.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static JsonObject PortOf(int port) => new() { ["name"] = "https", ["port"] = port, ["protocol"] = "TCP" };

    // Of a port that no server has any more.
    private async Task RemoveSlicesAsync(HashSet<string> wanted, CancellationToken cancellationToken)
    {
        var prefix = $"{DiscoveryKinds.EndpointSlice.StoragePrefix}{Key.Namespace}/{Key.Name}-";
        foreach (var entry in (await store.ListAsync(prefix, null, 0, null, cancellationToken)).Entries)
        {
            var metadata = ObjectStore.Decode(DiscoveryKinds.EndpointSlice, entry.Value, entry.Modified).Object("metadata");
            var name = metadata.String("name")!;
            if (!wanted.Contains(name) && int.TryParse(name[(Key.Name.Length + 1)..], out _) && metadata.Object("labels").String(ServiceLabel) == Key.Name)
            {
                await objects.DeleteAsync(DiscoveryKinds.EndpointSlice, Key with { Name = name }, cancellationToken);
            }
        }
    }

    // Nothing is written while everything is as it should be.
    private async Task KeepAsync(Kind kind, ObjectKey key, JsonObject wanted, CancellationToken cancellationToken)
    {
        if (await objects.FindAsync(kind, key, cancellationToken) is { } found && Parts(found).SameAs(Parts(wanted)))
        {
            return;
        }

        await objects.ReplaceAsync(kind, key, wanted, cancellationToken);
    }

    private static JsonObject Parts(JsonObject value) => new(((string[])["subsets", "endpoints", "ports", "addressType"]).Select(name => KeyValuePair.Create(name, value[name]?.DeepClone())));
}
