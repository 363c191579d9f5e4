using System.Text.Json.Nodes;

namespace Flotilla.Swarm.Definitions;

/// <summary>The kinds that a cluster gets with its first <c>docker swarm init</c>. Specs are Docker's, which checks them when they come through its API.</summary>
internal static class SwarmDefinitions
{
    public static IReadOnlyList<JsonObject> All() =>
    [
        Definition("SwarmService", "services", ["swarmservices", "swarmservice"], isNamespaced: true, ["previousSpec", "change"], Scale(),
            Column("Image", ".spec.TaskTemplate.ContainerSpec.Image"), Column("Desired", ".status.desiredTasks", "integer"), Column("Running", ".status.runningTasks", "integer"),
            Column("Update", ".status.update.state"), Age()),
        Definition("SwarmNetwork", "networks", ["swarmnetworks", "swarmnetwork"], isNamespaced: true, [], null, Column("Driver", ".spec.Driver"), Column("Subnet", ".spec.IPAM.Config[0].Subnet"), Age()),

        // Last: who finds it finds the others too.
        Definition("Swarm", "swarms", [], isNamespaced: false, ["network"], null, Age()),
    ];

    private static JsonObject Definition(string kind, string plural, string[] shortNames, bool isNamespaced, string[] fields, JsonObject? scale, params JsonObject[] columns)
    {
        var properties = new JsonObject { ["spec"] = Open(), ["status"] = Open() };
        foreach (var field in fields)
        {
            properties[field] = Open();
        }

        var subresources = new JsonObject { ["status"] = new JsonObject() };
        if (scale is not null)
        {
            subresources["scale"] = scale;
        }

        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{SwarmApi.Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = SwarmApi.Group,
                ["scope"] = isNamespaced ? "Namespaced" : "Cluster",
                ["names"] = new JsonObject
                {
                    ["kind"] = kind,
                    ["listKind"] = kind + "List",
                    ["plural"] = plural,
                    ["singular"] = kind == "Swarm" ? "swarm" : kind.ToLowerInvariant(),
                    ["shortNames"] = new JsonArray([.. shortNames.Where(name => name != kind.ToLowerInvariant()).Select(name => (JsonNode)name)]),
                    ["categories"] = new JsonArray("swarm"),
                },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = SwarmApi.Version,
                    ["served"] = true,
                    ["storage"] = true,
                    ["schema"] = new JsonObject { ["openAPIV3Schema"] = new JsonObject { ["type"] = "object", ["properties"] = properties } },
                    ["subresources"] = subresources,
                    ["additionalPrinterColumns"] = new JsonArray([.. columns]),
                }),
            },
        };
    }

    private static JsonObject Scale() => new() { ["specReplicasPath"] = ".spec.Mode.Replicated.Replicas", ["statusReplicasPath"] = ".status.runningTasks", ["labelSelectorPath"] = ".status.selector" };

    private static JsonObject Open() => new() { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };

    private static JsonObject Column(string name, string path, string type = "string") => new() { ["name"] = name, ["type"] = type, ["jsonPath"] = path };

    private static JsonObject Age() => Column("Age", ".metadata.creationTimestamp", "date");
}
