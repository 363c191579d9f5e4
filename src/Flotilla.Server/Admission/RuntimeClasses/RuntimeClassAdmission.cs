using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.RuntimeClasses;

/// <summary>A pod takes over the overhead, node selector and tolerations of its runtime class.</summary>
internal sealed class RuntimeClassAdmission(IStore store) : IAdmissionPlugin
{
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod) || await FindAsync(request, cancellationToken) is not { } found)
        {
            return;
        }

        var spec = request.Object.Child("spec");
        if (found.Object("overhead").Object("podFixed") is { } overhead)
        {
            CheckSame(request, overhead, spec.Object("overhead") ?? overhead);
            spec["overhead"] = overhead.DeepClone();
        }

        if (found.Object("scheduling") is { } scheduling)
        {
            MergeSelector(request, spec, scheduling.Object("nodeSelector"));
            MergeTolerations(spec, scheduling);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsCreateOf(CoreKinds.Pod))
        {
            return;
        }

        var given = request.Object.Object("spec").Object("overhead");
        if ((await FindAsync(request, cancellationToken)).Object("overhead") is { } overhead)
        {
            CheckSame(request, overhead.Object("podFixed") ?? [], given ?? []);
        }
        else if (given is not null)
        {
            throw request.Forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
    }

    private async Task<JsonObject?> FindAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Object.Object("spec").String("runtimeClassName") is not { } name)
        {
            return null;
        }

        return await store.FindAsync(NodeApiKinds.RuntimeClass, null, name, cancellationToken) ?? throw request.Forbidden($"pod rejected: RuntimeClass \"{name}\" not found");
    }

    private static void CheckSame(AdmissionRequest request, JsonObject overhead, JsonObject given)
    {
        if (overhead.Count != given.Count || overhead.Any(pair => FieldRules.Amount(pair.Value) != FieldRules.Amount(given[pair.Key])))
        {
            throw request.Forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }
    }

    private static void MergeSelector(AdmissionRequest request, JsonObject spec, JsonObject? selector)
    {
        foreach (var (key, node) in selector ?? [])
        {
            var (value, own) = (node.AsString(), spec.Object("nodeSelector").String(key));
            if (own is not null && own != value)
            {
                throw request.Forbidden($"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}");
            }

            spec.Child("nodeSelector")[key] = value;
        }
    }

    private static void MergeTolerations(JsonObject spec, JsonObject scheduling)
    {
        foreach (var toleration in scheduling.Objects("tolerations"))
        {
            if (spec.Array("tolerations") is not { } list)
            {
                spec["tolerations"] = list = [];
            }

            if (!list.Any(own => own.SameAs(toleration)))
            {
                list.Add(toleration.DeepClone());
            }
        }
    }
}
