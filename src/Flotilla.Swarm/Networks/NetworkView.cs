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
}
