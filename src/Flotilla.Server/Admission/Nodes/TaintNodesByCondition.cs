using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Admission.Nodes;

/// <summary>A new node takes no pods until it has reported that it is ready.</summary>
internal sealed class TaintNodesByCondition : IAdmissionPlugin
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(CoreKinds.Node))
        {
            var spec = request.Object.Child("spec");
            if (spec.Array("taints") is not { } taints)
            {
                spec["taints"] = taints = [];
            }

            if (!spec.Objects("taints").Any(taint => taint.String("key") == NotReady && taint.String("effect") == "NoSchedule"))
            {
                taints.Add(new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
            }
        }

        return ValueTask.CompletedTask;
    }
}
