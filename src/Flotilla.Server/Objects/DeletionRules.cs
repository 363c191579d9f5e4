using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;

namespace Flotilla.Server.Objects;

public enum DeletionStep
{
    /// <summary>Nothing holds it: take it out of the store.</summary>
    Remove,

    /// <summary>It was marked: write it back.</summary>
    Mark,

    /// <summary>It is marked already and nothing changes.</summary>
    AlreadyUnderWay,
}

/// <summary>How a deletion proceeds: preconditions, grace period, finalizers of the propagation policy.</summary>
public static class DeletionRules
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    public static void CheckPreconditions(Kind kind, ObjectKey key, JsonObject value, DeleteRequest request)
    {
        var metadata = value.Object("metadata");
        if (request.Uid is { } uid && uid != metadata.String("uid"))
        {
            throw Failures.Of(
                409,
                "Conflict",
                $"Operation cannot be fulfilled on {kind.Name} \"{key.Name}\": the UID in the precondition ({uid}) does not match the UID in record ({metadata.String("uid")}). The object might have been deleted and then recreated",
                new k8s.Models.V1StatusDetails { Name = key.Name, Group = kind.Group, Kind = kind.Name });
        }

        if (request.ResourceVersion is { } version && version != metadata.String("resourceVersion"))
        {
            throw Failures.Of(
                409,
                "Conflict",
                $"Operation cannot be fulfilled on {kind.Name} \"{key.Name}\": the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({metadata.String("resourceVersion")}). The object might have been modified",
                new k8s.Models.V1StatusDetails { Name = key.Name, Group = kind.Group, Kind = kind.Name });
        }
    }

    /// <summary>Decides, and marks <paramref name="value"/> when that is the decision.</summary>
    public static DeletionStep Plan(Kind kind, JsonObject value, DeleteRequest request, DateTimeOffset now)
    {
        var metadata = value.Child("metadata");
        var changed = SetPolicyFinalizers(kind, metadata, request);
        var underWay = metadata.String("deletionTimestamp") is not null;
        var grace = Grace(kind, value, request);
        if (grace > 0)
        {
            if (underWay && metadata.Integer("deletionGracePeriodSeconds") is { } current && current <= grace)
            {
                return changed ? DeletionStep.Mark : DeletionStep.AlreadyUnderWay;
            }

            Mark(metadata, now, grace);
            return DeletionStep.Mark;
        }

        var held = metadata.Array("finalizers") is { Count: > 0 } || (kind == CoreKinds.Namespace && value.Object("spec").Array("finalizers") is { Count: > 0 });
        if (!held)
        {
            return DeletionStep.Remove;
        }

        if (underWay && metadata.Integer("deletionGracePeriodSeconds") is null or 0 && !changed)
        {
            return DeletionStep.AlreadyUnderWay;
        }

        Mark(metadata, underWay ? Times.Parse(metadata.String("deletionTimestamp")) ?? now : now, 0);
        if (kind == CoreKinds.Namespace)
        {
            value.Child("status")["phase"] = "Terminating";
        }

        return DeletionStep.Mark;
    }

    private static void Mark(JsonObject metadata, DateTimeOffset now, long grace)
    {
        if (metadata.String("deletionTimestamp") is null && metadata.Integer("generation") is { } generation)
        {
            metadata["generation"] = generation + 1;
        }

        metadata["deletionTimestamp"] = Times.Seconds(now.AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
    }

    private static long Grace(Kind kind, JsonObject value, DeleteRequest request)
    {
        if (kind.GracePeriod is not { } period)
        {
            return 0;
        }

        var own = period(value) ?? 0;
        return own == 0 ? 0 : Math.Max(0, request.GracePeriodSeconds ?? own);
    }

    private static bool SetPolicyFinalizers(Kind kind, JsonObject metadata, DeleteRequest request)
    {
        var policy = request.PropagationPolicy ?? (request.OrphanDependents, kind.GroupKind) switch
        {
            (true, _) => "Orphan",
            (false, _) => "Background",
            (null, "Job.batch" or "ReplicationController") => "Orphan",
            _ => null,
        };
        if (policy is null)
        {
            return false;
        }

        var finalizers = metadata.Array("finalizers")?.Select(node => node.AsString()!).ToList() ?? [];
        var before = finalizers.ToArray();
        finalizers.RemoveAll(name => name is Foreground or Orphan);
        if (policy == "Foreground")
        {
            finalizers.Add(Foreground);
        }
        else if (policy == "Orphan")
        {
            finalizers.Add(Orphan);
        }

        if (before.SequenceEqual(finalizers))
        {
            return false;
        }

        if (finalizers.Count == 0)
        {
            metadata.Remove("finalizers");
        }
        else
        {
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(name => JsonValue.Create(name))]);
        }

        return true;
    }
}
