using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Matching;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Priorities;

/// <summary>Turns a pod's priority class into its number, and keeps the cluster to one default class.</summary>
internal sealed class PriorityAdmission(IStore store) : IAdmissionPlugin
{
    private const string PreemptByDefault = "PreemptLowerPriority";
    private readonly CompiledObjects<JsonObject> classes = new(store, SchedulingKinds.PriorityClass.StoragePrefix, found => found);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.IsUpdateOf(CoreKinds.Pod))
        {
            Keep(request.Object.Child("spec"), request.Old.Object("spec"));
        }
        else if (request.IsCreateOf(CoreKinds.Pod))
        {
            await ResolveAsync(request, cancellationToken);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var creating = request.IsCreateOf(SchedulingKinds.PriorityClass);
        if (!(creating || request.IsUpdateOf(SchedulingKinds.PriorityClass)) || request.Object.Boolean("globalDefault") != true)
        {
            return;
        }

        if (await FindDefaultAsync(cancellationToken) is { } standard && NameOf(standard) is var name && (creating || name != request.Name))
        {
            throw request.Forbidden($"PriorityClass {name} is already marked as default. Only one default can exist");
        }
    }

    private async Task ResolveAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object.Child("spec");
        var found = spec.String("priorityClassName") is { Length: > 0 } name
            ? await store.FindAsync(SchedulingKinds.PriorityClass, null, name, cancellationToken) ?? throw request.Forbidden($"no PriorityClass with name {name} was found")
            : await FindDefaultAsync(cancellationToken);
        if (found is not null)
        {
            spec["priorityClassName"] = NameOf(found);
        }

        var priority = found.Integer("value") ?? 0;
        if (spec.Integer("priority") is { } given && given != priority)
        {
            throw request.Forbidden($"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        var policy = found.String("preemptionPolicy") ?? PreemptByDefault;
        if (spec.String("preemptionPolicy") is { Length: > 0 } wanted && wanted != policy)
        {
            throw request.Forbidden($"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["priority"] = priority;
        spec["preemptionPolicy"] = policy;
    }

    // An update that leaves them out means no change; rules refuse any other.
    private static void Keep(JsonObject spec, JsonObject? old)
    {
        foreach (var field in (ReadOnlySpan<string>)["priority", "preemptionPolicy"])
        {
            if (spec[field] is null && old?[field] is { } value)
            {
                spec[field] = value.DeepClone();
            }
        }
    }

    /// <summary>Should a race have let in several, the lowest counts.</summary>
    private async Task<JsonObject?> FindDefaultAsync(CancellationToken cancellationToken) =>
        (await classes.ListAsync(cancellationToken))
            .Where(found => found.Boolean("globalDefault") == true)
            .OrderBy(found => found.Integer("value"))
            .FirstOrDefault();

    private static string? NameOf(JsonObject item) => item.Object("metadata").String("name");
}
