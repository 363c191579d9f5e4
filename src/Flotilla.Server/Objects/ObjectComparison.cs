using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Objects;

/// <summary>What an update comes to: nothing, another desired state, or the end of the object. Pure.</summary>
internal static class ObjectComparison
{
    public static bool DesiredStateDiffers(Kind kind, JsonObject next, JsonObject old)
    {
        foreach (var name in next.Select(pair => pair.Key).Concat(old.Select(pair => pair.Key)))
        {
            if (name is not ("metadata" or "kind" or "apiVersion") && !(name == "status" && kind.HasStatus) && !next[name].SameAs(old[name]))
            {
                return true;
            }
        }

        return false;
    }

    // Field ownership records times; an update that changes nothing else is no update.
    public static bool IsUnchanged(JsonObject next, JsonObject old)
    {
        foreach (var name in next.Select(pair => pair.Key).Concat(old.Select(pair => pair.Key)))
        {
            if (name != "metadata" && !next[name].SameAs(old[name]))
            {
                return false;
            }
        }

        var (metadata, before) = (next.Child("metadata"), old.Child("metadata"));
        foreach (var name in metadata.Select(pair => pair.Key).Concat(before.Select(pair => pair.Key)))
        {
            if (name == "managedFields" ? !SameOwnership(metadata.Array(name), before.Array(name)) : !metadata[name].SameAs(before[name]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameOwnership(JsonArray? next, JsonArray? old)
    {
        static bool IsSame(JsonNode? left, JsonNode? right) => left is JsonObject one && right is JsonObject other
            ? one.Select(field => field.Key).Concat(other.Select(field => field.Key)).All(name => name == "time" || (one.ContainsKey(name) == other.ContainsKey(name) && one[name].SameAs(other[name])))
            : left.SameAs(right);

        return (next?.Count ?? 0) == (old?.Count ?? 0) && (next ?? []).Zip(old ?? []).All(pair => IsSame(pair.First, pair.Second));
    }

    public static bool IsFinished(JsonObject value)
    {
        var metadata = value.Object("metadata");
        return metadata.String("deletionTimestamp") is not null
            && metadata.Array("finalizers") is not { Count: > 0 }
            && (metadata.Integer("deletionGracePeriodSeconds") ?? 0) == 0
            && !(value.String("kind") == "Namespace" && value.Object("spec").Array("finalizers") is { Count: > 0 });
    }
}
