using k8s;
using k8s.Models;

namespace CSharpClient;

/// <summary>A kind of one's own: its definition, and its objects through the generic client.</summary>
internal static class CustomResources
{
    private const string Group = "csharp.example.com";

    public static async Task RunAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        await client.ApiextensionsV1.CreateCustomResourceDefinitionAsync(Definition(), cancellationToken: cancellationToken);
        try
        {
            await EstablishedAsync(client, cancellationToken);
            using var boats = new GenericClient(client, Group, "v1", "boats", disposeClient: false);
            var boat = new Boat { ApiVersion = $"{Group}/v1", Kind = "Boat", Metadata = new V1ObjectMeta { Name = "one" }, Spec = new BoatSpec { Sails = 2 } };
            await boats.CreateNamespacedAsync(boat, space, cancellationToken);
            await boats.PatchNamespacedAsync<Boat>(new V1Patch("""{"spec":{"sails":3}}""", V1Patch.PatchType.MergePatch), space, "one", cancellationToken);
            var list = await boats.ListNamespacedAsync<BoatList>(space, cancel: cancellationToken);
            await Console.Out.WriteLineAsync($"custom resource: {list.Items.Single().Spec.Sails} sails of {list.Items.Single().Spec.Material}");
            await boats.DeleteNamespacedAsync<Boat>(space, "one", cancellationToken);
        }
        finally
        {
            await client.ApiextensionsV1.DeleteCustomResourceDefinitionAsync($"boats.{Group}", cancellationToken: CancellationToken.None);
        }
    }

    private static async Task EstablishedAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        var watch = client.ApiextensionsV1.WatchListCustomResourceDefinitionAsync(fieldSelector: $"metadata.name=boats.{Group}", cancellationToken: cancellationToken);
        await foreach (var (_, definition) in watch)
        {
            if (definition.Status?.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true)
            {
                return;
            }
        }
    }

    private static V1CustomResourceDefinition Definition() => KubernetesYaml.Deserialize<V1CustomResourceDefinition>($$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: boats.{{Group}}}
        spec:
          group: {{Group}}
          scope: Namespaced
          names: {kind: Boat, listKind: BoatList, plural: boats, singular: boat}
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      properties:
                        sails: {type: integer}
                        material: {type: string, default: linen}
        """);

    private sealed class Boat : IKubernetesObject<V1ObjectMeta>
    {
        public string ApiVersion { get; set; } = "";

        public string Kind { get; set; } = "";

        public V1ObjectMeta Metadata { get; set; } = new();

        public BoatSpec Spec { get; set; } = new();
    }

    private sealed class BoatSpec
    {
        public int Sails { get; set; }

        public string? Material { get; set; }
    }

    private sealed class BoatList : IKubernetesObject
    {
        public string ApiVersion { get; set; } = "";

        public string Kind { get; set; } = "";

        public IList<Boat> Items { get; set; } = [];
    }
}
