using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Bootstrap;

/// <summary>The service <c>kubernetes</c> and where it leads: to the servers that are there. Made anew whatever becomes of them.</summary>
internal sealed class ServerEndpoints(BuiltInObjects objects, ServerAddresses servers, ApiServerOptions options)
{
    private static readonly ObjectKey Key = new("default", "kubernetes");

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var labels = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" };
        await objects.EnsureAsync(CoreKinds.Service, Key.Namespace, FirstObjects.Service(Key.Name, ApiAddress(), labels, [("https", 443, "TCP", options.Port)]), cancellationToken);
        await PublishAsync(cancellationToken);
    }

    /// <summary>The first address of the service range.</summary>
    private string ApiAddress()
    {
        var bytes = IPNetwork.Parse(options.ServiceCidr).BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes).ToString();
    }

    /// <summary>This server stops: the others need not find out.</summary>
    public Task LeaveAsync(CancellationToken cancellationToken) => Advertised is { } own ? servers.LeaveAsync(own, cancellationToken) : Task.CompletedTask;

    /// <summary>null: nobody else could reach it there, and the rules for endpoints refuse such addresses.</summary>
    private IPAddress? Advertised => (options.AdvertiseAddress ?? options.BindAddress) is var address
        && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(address)) ? null : address;

    // Where the API servers listen may change between starts: their endpoints follow.
    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        if (Advertised is not { } own)
        {
            return;
        }

        var addresses = await servers.RenewAsync(own, cancellationToken);
        var metadata = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } };
        var subsets = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses.Select(address => new JsonObject { ["ip"] = address })]),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = options.Port, ["protocol"] = "TCP" }),
        });
        await KeepAsync(CoreKinds.Endpoints, new JsonObject { ["metadata"] = metadata, ["subsets"] = subsets }, cancellationToken);
        await KeepAsync(
            DiscoveryKinds.EndpointSlice,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" } },
                ["addressType"] = "IPv4",
                ["endpoints"] = new JsonArray([.. addresses.Select(address => new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false } })]),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = options.Port, ["protocol"] = "TCP" }),
            },
            cancellationToken);
    }

    // Nothing is written while everything is as it should be.
    private async Task KeepAsync(Kind kind, JsonObject wanted, CancellationToken cancellationToken)
    {
        if (await objects.FindAsync(kind, Key, cancellationToken) is { } found && Parts(found).SameAs(Parts(wanted)))
        {
            return;
        }

        await objects.ReplaceAsync(kind, Key, wanted, cancellationToken);
    }

    private static JsonObject Parts(JsonObject value) => new(((string[])["subsets", "endpoints", "ports", "addressType"]).Select(name => KeyValuePair.Create(name, value[name]?.DeepClone())));
}
