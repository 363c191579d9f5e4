using Flotilla.Api;
using Flotilla.Node.Admission;
using Flotilla.Node.Probes;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What the cluster is told of one pod: worked out from what runs, and sent when it has changed. The pod's loop alone uses it.</summary>
internal sealed class PodReport
{
    private readonly PodServices services;
    private readonly PodProbes probes;
    private readonly ContainerStarts starts;
    private readonly PodResizer resizer;
    private byte[] written;

    public PodReport(V1Pod pod, PodServices services, PodProbes probes, ContainerStarts starts, PodResizer resizer)
    {
        (this.services, this.probes, this.starts, this.resizer) = (services, probes, starts, resizer);
        Status = pod.Status ?? new V1PodStatus();
        written = ObjectJson.Encode(Status);
    }

    /// <summary>As it was told last.</summary>
    public V1PodStatus Status { get; private set; }

    /// <summary>Whether its work is over.</summary>
    public bool IsOver => Status.Phase is "Succeeded" or "Failed";

    /// <summary>Why the node ends the pod; null: it does not.</summary>
    public (string Reason, string Message)? Failure { get; set; }

    private DateTime Now => Seconds(services.Time.GetUtcNow().UtcDateTime);

    public DateTimeOffset? Deadline(V1Pod pod) =>
        pod.Spec.ActiveDeadlineSeconds is { } seconds && Status.StartTime is { } start && !IsOver
            ? new DateTimeOffset(DateTime.SpecifyKind(start, DateTimeKind.Utc)) + TimeSpan.FromSeconds(seconds)
            : null;

    public void Reject(V1Pod pod, Rejection rejection)
    {
        services.Events.Record(pod, "Warning", rejection.Reason, rejection.Message);
        Write(pod, PodStatusBuilder.Rejected(pod, Status, rejection, Now));
    }

    /// <param name="stopped">Nothing of it runs any more.</param>
    /// <param name="remove">And the cluster may forget it.</param>
    public void Publish(V1Pod desired, ObservedPod observed, bool stopped = false, bool remove = false)
    {
        Write(desired, PodStatusBuilder.For(new StatusInput(
            desired,
            Status,
            observed,
            (_, container) => probes.IsStarted(container.Id),
            (_, container) => probes.IsReady(container.Id),
            starts.Holds.State,
            services.HostIps,
            Failure,
            stopped,
            Now,
            resizer.InForce,
            resizer.Pending is { } lack ? (lack.Reason, lack.Message) : null,
            resizer.Progress,
            container => services.DevicesOf(desired, container))), remove);
    }

    private void Write(V1Pod desired, V1PodStatus fresh, bool remove = false)
    {
        Status = fresh;
        if (remove || IsOver)
        {
            // Before the cluster hears of it: whom it sends in this one's place must find room.
            services.Admission.Release(desired.Metadata.Uid);
        }

        var encoded = ObjectJson.Encode(Status);
        if (remove || !encoded.AsSpan().SequenceEqual(written))
        {
            written = encoded;
            services.Statuses.Set(desired, Status, remove);
        }
    }

    private static DateTime Seconds(DateTime time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
