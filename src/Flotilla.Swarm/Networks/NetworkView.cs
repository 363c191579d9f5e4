using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Swarm.Networks;

/// <summary>A network as Docker's Network.</summary>
internal static class NetworkView
{
    public static JsonObject Of(NetworkEntry network)
    {
        var spec = network.Spec;
        if (network.Scope == "local")
        {
            return spec.Copy();
        }

        return new JsonObject
        {
            ["Name"] = network.Name,
            ["Id"] = network.Id,
            ["Created"] = network.Object?.Metadata.CreationTimestamp ?? DateTime.UnixEpoch,
            ["Scope"] = network.Scope,
            ["Driver"] = network.Driver,
            ["EnableIPv4"] = true,
            ["EnableIPv6"] = spec.Boolean("EnableIPv6") ?? false,
            ["IPAM"] = spec["IPAM"]?.DeepClone() ?? new JsonObject(),
            ["Internal"] = spec.Boolean("Internal") ?? false,
            ["Attachable"] = spec.Boolean("Attachable") ?? false,
            ["Ingress"] = spec.Boolean("Ingress") ?? false,
            ["ConfigFrom"] = new JsonObject { ["Network"] = "" },
            ["ConfigOnly"] = false,
            ["Containers"] = new JsonObject(),
            ["Options"] = spec["Options"]?.DeepClone() ?? new JsonObject(),
            ["Labels"] = spec["Labels"]?.DeepClone() ?? new JsonObject(),
        };
    }

    /// <summary>As tasks tell of it: the swarm's own view.</summary>
    public static JsonObject InTask(NetworkEntry network)
    {
        var spec = network.Spec;
        var created = network.Object?.Metadata.CreationTimestamp ?? DateTime.UnixEpoch;
        return new JsonObject
        {
            ["ID"] = network.Id,
            ["Version"] = new JsonObject { ["Index"] = network.Object?.Metadata.Generation ?? 1 },
            ["CreatedAt"] = created,
            ["UpdatedAt"] = created,
            ["Spec"] = new JsonObject
            {
                ["Name"] = network.Name,
                ["Labels"] = spec["Labels"]?.DeepClone() ?? new JsonObject(),
                ["DriverConfiguration"] = new JsonObject { ["Name"] = network.Driver },
                ["Attachable"] = spec.Boolean("Attachable") ?? false,
                ["Internal"] = spec.Boolean("Internal") ?? false,
                ["Ingress"] = spec.Boolean("Ingress") ?? false,
                ["IPAMOptions"] = AddressesOf(spec),
                ["Scope"] = network.Scope,
            },
            ["DriverState"] = new JsonObject { ["Name"] = network.Driver, ["Options"] = spec["Options"]?.DeepClone() ?? new JsonObject() },
            ["IPAMOptions"] = AddressesOf(spec),
        };
    }

    private static JsonObject AddressesOf(JsonObject spec) => new()
    {
        ["Driver"] = new JsonObject { ["Name"] = spec.Object("IPAM").String("Driver") ?? "default" },
        ["Configs"] = spec.Object("IPAM")?["Config"]?.DeepClone() ?? new JsonArray(),
    };
}
