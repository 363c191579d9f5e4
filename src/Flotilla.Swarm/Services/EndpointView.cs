using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Services.Endpoints;
using k8s.Models;

namespace Flotilla.Swarm.Services;

/// <summary>How a service is reached, as Docker's Endpoint: with the ports that were chosen and its one address in every network.</summary>
internal static class EndpointView
{
    public static JsonObject Of(SwarmService service, JsonObject spec, SwarmInformers known)
    {
        var value = new JsonObject { ["Spec"] = spec["EndpointSpec"]?.DeepClone() ?? new JsonObject() };
        var own = known.KubernetesServices.Get(new ObjectKey(service.Metadata.NamespaceProperty, EndpointPlan.NameOf(service)));
        if (spec.Object("EndpointSpec").Array("Ports") is { Count: > 0 } ports)
        {
            value["Ports"] = ports.DeepClone();
            foreach (var port in value.Objects("Ports").Where(port => port.Integer("PublishedPort") is null or 0 && port.String("PublishMode") != "host"))
            {
                port["PublishedPort"] = NodePort(own, port);
            }
        }

        if (own?.Spec.ClusterIP is { Length: > 0 } address && address != "None" && SwarmInformers.OwnerOf(own)?.Uid == service.Metadata.Uid)
        {
            value["VirtualIPs"] = new JsonArray([.. NetworksOf(service, known).Select(network => new JsonObject { ["NetworkID"] = network, ["Addr"] = $"{address}/32" })]);
        }

        return value;
    }

    private static long NodePort(V1Service? own, JsonObject port) => own?.Spec.Ports?.FirstOrDefault(one =>
        one.TargetPort?.Value == port["TargetPort"]?.ToString() && (one.Protocol ?? "TCP").Equals(port.String("Protocol") ?? "tcp", StringComparison.OrdinalIgnoreCase))?.NodePort ?? 0;

    private static IEnumerable<string> NetworksOf(SwarmService service, SwarmInformers known)
    {
        var ingress = service.Read.EndpointSpec?.IsPublished == true ? SwarmNetworks.All(known).Where(network => network.Name == SwarmNetworks.Ingress).Select(network => network.Id) : [];
        return ingress.Concat(service.Read.TaskTemplate.Overlays.Select(network => network.Target));
    }
}
