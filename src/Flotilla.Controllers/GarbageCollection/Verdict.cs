using k8s.Models;

namespace Flotilla.Controllers.GarbageCollection;

internal enum OwnerState
{
    /// <summary>It is there and stays, as far as anybody knows.</summary>
    Solid,

    /// <summary>It is there, but waits for this dependent to go.</summary>
    Waiting,

    /// <summary>It is not there, or something else has its name.</summary>
    Absent,

    /// <summary>Nobody can say: its kind is not served.</summary>
    Unknown,
}

internal enum GarbageAction
{
    Keep,

    /// <summary>Some owners are gone, others stay: only the references go.</summary>
    DropReferences,

    DeleteBackground,
    DeleteForeground,
    DeleteOrphan,
}

/// <summary>What becomes of an object, given the state of its owners.</summary>
internal readonly record struct Verdict(GarbageAction Action, IReadOnlyList<V1OwnerReference> Keep)
{
    public static Verdict For(Node node, IReadOnlyList<(V1OwnerReference Reference, OwnerState State)> owners, bool hasDependents)
    {
        if (owners.Count == 0 || owners.Any(owner => owner.State == OwnerState.Unknown))
        {
            return new Verdict(GarbageAction.Keep, []);
        }

        var solid = owners.Where(owner => owner.State == OwnerState.Solid).Select(owner => owner.Reference).ToList();
        if (solid.Count > 0)
        {
            return new Verdict(solid.Count == owners.Count ? GarbageAction.Keep : GarbageAction.DropReferences, solid);
        }

        // An owner that waits wants everything below gone before it goes itself.
        if (owners.Any(owner => owner.State == OwnerState.Waiting) && hasDependents)
        {
            return new Verdict(GarbageAction.DeleteForeground, []);
        }

        return new Verdict(
            node.Has(Node.OrphanFinalizer) ? GarbageAction.DeleteOrphan
                : node.Has(Node.ForegroundFinalizer) ? GarbageAction.DeleteForeground
                : GarbageAction.DeleteBackground,
            []);
    }
}
