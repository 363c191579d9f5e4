using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Nodes;

/// <summary>A pod that is bound takes over where its node stands: zone and region become labels of its own.</summary>
internal sealed class PodTopologyLabels(IStore store) : IAdmissionPlugin
{
    private static readonly string[] Copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind != CoreKinds.Pod || request.Subresource != "binding" || request.Object.Object("target").String("name") is not { Length: > 0 } name)
        {
            return;
        }

        if (await store.GetAsync(CoreKinds.Node.StoragePrefix + name, cancellationToken) is not { } node)
        {
            return;
        }

        foreach (var (label, value) in StoredFacts.Of(node).Labels)
        {
            if (Copied.Contains(label))
            {
                request.Object.Child("metadata").Child("labels")[label] = value;
            }
        }
    }
}
