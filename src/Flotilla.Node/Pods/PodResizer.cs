using Flotilla.Linux.Cri;
using Flotilla.Node.Admission;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Brings one running pod to the resources it asks for, as far as the node has them.</summary>
internal sealed class PodResizer(PodServices services)
{
    private readonly PodResizing resizing = new();

    /// <summary>What the node lacks for what is asked; null: nothing.</summary>
    public ResizePending? Pending { get; private set; }

    /// <summary>Why it takes longer to bring what was given into force; empty: it just does; null: it is in force.</summary>
    public string? Progress => resizing.IsInProgress ? resizing.Error ?? "" : null;

    public ResizeKind KindOf(V1Container container, ObservedContainer running) => resizing.KindOf(container, running);

    public V1ResourceRequirements? InForce(V1Container container, ObservedContainer running) => resizing.InForce(container, running);

    /// <summary>The pod with what it is given of what it asks for.</summary>
    public V1Pod Allocate(V1Pod wanted)
    {
        var (given, lack, isNews) = services.Admission.Allocate(wanted);
        if (lack is not null && lack != Pending)
        {
            services.Events.Record(wanted, "Warning", "Resize" + lack.Reason, ResizeMessages.For(lack.Lack, wanted, lack.Message));
        }
        Pending = lack;
        if (isNews)
        {
            resizing.IsInProgress = true;
            resizing.Error = null;
            services.Cgroups.Create(given);
            services.Events.Record(wanted, "Normal", "ResizeStarted", ResizeMessages.For("started", given));
        }
        return given;
    }

    /// <summary>What was given is in force when no running container has anything else.</summary>
    public void Check(V1Pod desired, ObservedPod observed)
    {
        if (resizing.IsInProgress && observed.Running.All(running => desired.FindContainer(running.Name) is not { } spec || resizing.KindOf(spec, running) == ResizeKind.None))
        {
            resizing.IsInProgress = false;
            resizing.Error = null;
            services.Events.Record(desired, "Normal", "ResizeCompleted", ResizeMessages.For("completed", desired));
        }
    }

    /// <summary>The pod's own cgroup gives way first when it grows and last when it shrinks; doing both is right for either.</summary>
    public async Task ApplyAsync(V1Pod desired, IReadOnlyList<ContainerResize> resizes, CancellationToken cancellationToken)
    {
        if (resizes.Count == 0)
        {
            return;
        }
        if (TooLittle(desired, resizes) is { } fault)
        {
            if (fault != resizing.Error)
            {
                services.Events.Record(desired, "Warning", "ResizeError", ResizeMessages.For("error", desired, fault));
            }
            resizing.Error = fault;
            throw new ResizeException(fault);
        }
        services.Cgroups.Widen(desired);
        foreach (var resize in resizes)
        {
            var request = new UpdateContainerResourcesRequest { ContainerId = resize.Container.Id, Linux = ContainerResources.For(desired, resize.Spec) };
            await services.Runtime.Runtime.UpdateContainerResourcesAsync(request, cancellationToken: cancellationToken);
            resizing.Gave(resize.Container, resize.Spec.Resources ?? new V1ResourceRequirements());
        }
        services.Cgroups.Create(desired);
    }

    // A limit below what is in use would end the container.
    private string? TooLittle(V1Pod desired, IReadOnlyList<ContainerResize> resizes)
    {
        foreach (var resize in resizes)
        {
            if (PodLimits.Quantity(resize.Spec.Resources?.Limits, "memory") is { } limit
                && services.CgroupFiles.Read($"{services.Cgroups.PathOf(desired)}/{resize.Container.Id}") is { } counters
                && counters.WorkingSetBytes > limit)
            {
                return FormattableString.Invariant($"attempting to set container \"{resize.Spec.Name}\" memory limit ({(long)limit}) below current usage ({counters.WorkingSetBytes})");
            }
        }
        return null;
    }
}
