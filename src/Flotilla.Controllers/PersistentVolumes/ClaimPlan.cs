using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>What a claim needs next. Exactly one of the outcomes; <see cref="Event"/> goes with <see cref="Phase"/>.</summary>
internal sealed record ClaimPlan
{
    /// <summary>The claim and this volume belong together; what is missing of the bond is written.</summary>
    public V1PersistentVolume? Bind { get; private init; }

    /// <summary>A volume is to be made by the claim's class.</summary>
    public bool Provision { get; private init; }

    /// <summary>The cluster's default class is to be written into the claim.</summary>
    public string? AssignClass { get; private init; }

    /// <summary>Pending or Lost; null: the phase stays.</summary>
    public string? Phase { get; private init; }

    public (string Type, string Reason, string Message)? Event { get; private init; }

    /// <param name="waitingPods">Names of the pods that use the claim and have no node.</param>
    public static ClaimPlan For(V1PersistentVolumeClaim claim, VolumeView view, IReadOnlyList<string> waitingPods) =>
        VolumeAnnotations.Has(claim.Metadata.Annotations, VolumeAnnotations.BindCompleted) ? ForBound(claim, view)
        : string.IsNullOrEmpty(claim.Spec.VolumeName) ? ForAny(claim, view, waitingPods)
        : ForNamed(claim, view);

    private static ClaimPlan ForAny(V1PersistentVolumeClaim claim, VolumeView view, IReadOnlyList<string> waitingPods)
    {
        var waits = view.Class(claim.ClassName()).WaitsForConsumer();
        if (VolumeMatch.Find(claim, view.Volumes, waits) is { } volume)
        {
            return new ClaimPlan { Bind = volume };
        }
        if (!claim.SaysClass() && view.DefaultClass is { } assigned)
        {
            return new ClaimPlan { AssignClass = assigned.Metadata.Name };
        }
        if (waits && !VolumeAnnotations.Has(claim.Metadata.Annotations, VolumeAnnotations.SelectedNode))
        {
            return Pending(WaitingFor(waitingPods));
        }
        return claim.ClassName().Length > 0
            ? new ClaimPlan { Provision = true, Phase = "Pending" }
            : Pending(("Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set"));
    }

    private static (string Type, string Reason, string Message) WaitingFor(IReadOnlyList<string> pods) => pods.Count switch
    {
        0 => ("Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        1 => ("Normal", "WaitForPodScheduled", $"waiting for pod {pods[0]} to be scheduled"),
        _ => ("Normal", "WaitForPodScheduled", $"waiting for pods {string.Join(',', pods)} to be scheduled"),
    };

    private static ClaimPlan ForNamed(V1PersistentVolumeClaim claim, VolumeView view)
    {
        if (view.Volume(claim.Spec.VolumeName) is not { } volume)
        {
            return Pending(null);
        }
        if (volume.IsFor(claim))
        {
            return new ClaimPlan { Bind = volume };
        }
        if (volume.Spec.ClaimRef is not null)
        {
            return Pending(("Warning", "FailedBinding", $"volume \"{volume.Metadata.Name}\" already bound to a different claim."));
        }
        return VolumeMatch.Misfit(claim, volume) is { } misfit
            ? Pending(("Warning", "VolumeMismatch", $"Cannot bind to requested volume \"{volume.Metadata.Name}\": {misfit}"))
            : new ClaimPlan { Bind = volume };
    }

    private static ClaimPlan ForBound(V1PersistentVolumeClaim claim, VolumeView view)
    {
        if (string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            return Lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
        }
        if (view.Volume(claim.Spec.VolumeName) is not { } volume)
        {
            return Lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
        }
        return volume.Spec.ClaimRef is null || volume.Spec.ClaimRef.Uid == claim.Metadata.Uid
            ? new ClaimPlan { Bind = volume }
            : Lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    }

    private static ClaimPlan Pending((string Type, string Reason, string Message)? what) => new() { Phase = "Pending", Event = what };

    private static ClaimPlan Lost(string reason, string message) => new() { Phase = "Lost", Event = ("Warning", reason, message) };
}
