using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Admission.Tolerations;

/// <summary>Pods tolerate a node that is not ready or not reachable for five minutes, unless they say otherwise.</summary>
internal sealed class DefaultTolerationSeconds : IAdmissionPlugin
{
    private const int Seconds = 300;

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsCreateOf(CoreKinds.Pod) || request.IsUpdateOf(CoreKinds.Pod))
        {
            var spec = request.Object.Child("spec");
            foreach (var key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
            {
                Tolerate(spec, key);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void Tolerate(JsonObject spec, string key)
    {
        foreach (var toleration in spec.Objects("tolerations"))
        {
            if ((toleration.String("key") ?? "") is var own && (own == key || own.Length == 0) && (toleration.String("effect") ?? "") is "" or "NoExecute")
            {
                return;
            }
        }

        if (spec.Array("tolerations") is not { } list)
        {
            spec["tolerations"] = list = [];
        }

        list.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = Seconds });
    }
}
