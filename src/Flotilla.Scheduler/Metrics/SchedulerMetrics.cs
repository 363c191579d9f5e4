using System.Globalization;
using Flotilla.Client.Metrics;
using Flotilla.Scheduler.Queue;

namespace Flotilla.Scheduler.Metrics;

/// <summary>What the scheduler has done and what it has before it, under upstream's names.</summary>
public sealed class SchedulerMetrics(TimeProvider time)
{
    private const int MostAttempts = 15;

    private readonly Counter attempts = new(
        "scheduler_schedule_attempts_total",
        "Number of attempts to schedule pods, by the result: 'unschedulable' means that a pod could not be scheduled, 'error' an internal problem.",
        "result", "profile");

    private readonly Histogram attemptSeconds = new(
        "scheduler_scheduling_attempt_duration_seconds", "Latency of an attempt in seconds: the decision and the binding.",
        Histogram.Exponential(0.001, 2, 15), "result", "profile");

    private readonly Histogram podSeconds = new(
        "scheduler_pod_scheduling_sli_duration_seconds", "Time in seconds from when a pod could first be tried until it was bound, over all attempts.",
        Histogram.Exponential(0.01, 2, 20), "attempts");

    private readonly Counter incoming = new(
        "scheduler_queue_incoming_pods_total", "Number of pods added to scheduling queues by event and queue type.", "queue", "event");

    public void Scheduled(QueuedPod queued, string profile)
    {
        Attempted("scheduled", queued, profile);
        var count = queued.Attempts >= MostAttempts ? $"{MostAttempts}+" : queued.Attempts.ToString(CultureInfo.InvariantCulture);
        podSeconds.Observe(new LabelValues(count), (time.GetUtcNow() - queued.FirstReady!.Value).TotalSeconds);
    }

    /// <param name="isError">The scheduler or the cluster failed, instead of the pod not fitting.</param>
    public void Failed(QueuedPod queued, string profile, bool isError) => Attempted(isError ? "error" : "unschedulable", queued, profile);

    public void Write(MetricsText text, QueueLengths lengths)
    {
        attempts.Write(text);
        attemptSeconds.Write(text);
        podSeconds.Write(text);
        incoming.Write(text);
        text.Family("scheduler_pending_pods", "gauge", "Number of pods without a node, by the queue they are in.");
        text.Sample("scheduler_pending_pods", lengths.Active, ("queue", "active"));
        text.Sample("scheduler_pending_pods", lengths.Backoff, ("queue", "backoff"));
        text.Sample("scheduler_pending_pods", lengths.Unschedulable, ("queue", "unschedulable"));
        text.Sample("scheduler_pending_pods", lengths.Gated, ("queue", "gated"));
    }

    internal void Queued(string queue, string why) => incoming.Add(new LabelValues(queue, why));

    private void Attempted(string result, QueuedPod queued, string profile)
    {
        var values = new LabelValues(result, profile);
        attempts.Add(values);
        attemptSeconds.Observe(values, (time.GetUtcNow() - queued.LastAttempt).TotalSeconds);
    }
}
