using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm.Services;

/// <summary>How a service is reached, as Docker's Endpoint.</summary>
internal static class EndpointView
{
    public static JsonObject Of(SwarmService service, JsonObject spec, SwarmInformers known)
    {
        var value = new JsonObject { ["Spec"] = spec["EndpointSpec"]?.DeepClone() ?? new JsonObject() };
        if (spec.Object("EndpointSpec").Array("Ports") is { Count: > 0 } ports)
        {
            value["Ports"] = ports.DeepClone();
        }

        return value;
    }
}
