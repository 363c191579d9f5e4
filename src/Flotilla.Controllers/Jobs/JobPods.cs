using System.Globalization;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>The pods of a job.</summary>
internal static class JobPods
{
    /// <summary>Keeps a finished pod until it has been counted.</summary>
    public const string TrackingFinalizer = "batch.kubernetes.io/job-tracking";
    public const string IndexKey = "batch.kubernetes.io/job-completion-index";

    // Of a name of 63 characters five are left to chance.
    private const int LongestPrefix = 58;

    public static bool IsIndexed(V1Job job) => job.Spec.CompletionMode == "Indexed";

    public static bool IsTracked(this V1Pod pod) => pod.Metadata.Finalizers?.Contains(TrackingFinalizer) == true;

    public static bool HasSucceeded(this V1Pod pod) => pod.Status?.Phase == "Succeeded";

    /// <summary>Whether a pod is replaced only when it has ended, rather than as soon as it is told to.</summary>
    public static bool WaitsForTheEnd(V1Job job) => job.Spec.PodReplacementPolicy == "Failed" || job.Spec.PodFailurePolicy is not null;

    /// <summary>A pod that is being deleted will not succeed any more.</summary>
    public static bool HasFailed(V1Job job, V1Pod pod) =>
        pod.Status?.Phase == "Failed" || (!WaitsForTheEnd(job) && pod.IsDeleting() && !pod.HasSucceeded());

    public static bool HasValidIndex(V1Job job, V1Pod pod) => !IsIndexed(job) || IndexOf(pod) < job.Spec.Completions;

    public static DateTime? EndOf(V1Pod pod) =>
        pod.Status?.ContainerStatuses?.Max(container => container.State?.Terminated?.FinishedAt)
        ?? pod.Metadata.DeletionTimestamp
        ?? pod.Metadata.CreationTimestamp;

    public static int? IndexOf(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(IndexKey, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;

    public static V1Pod New(V1Job job, NewPod wanted)
    {
        var pod = PodTemplates.NewPod(job.Spec.Template, job);
        pod.Metadata.Finalizers = [.. (pod.Metadata.Finalizers ?? []).Where(finalizer => finalizer != TrackingFinalizer), TrackingFinalizer];
        if (wanted.Index is not { } number)
        {
            return pod;
        }

        var text = number.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.GenerateName = NamePrefix(job.Metadata.Name, $"-{text}-");
        pod.Metadata.Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>()) { [IndexKey] = text };
        pod.Metadata.Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>()) { [IndexKey] = text };
        pod.Spec.Hostname = $"{job.Metadata.Name}-{text}";
        pod.Spec.Containers = WithIndex(pod.Spec.Containers);
        pod.Spec.InitContainers = pod.Spec.InitContainers is { } init ? WithIndex(init) : null;
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            foreach (var (key, value) in IndexFailures.Annotations(job, wanted.Replaced))
            {
                pod.Metadata.Annotations[key] = value;
            }
        }

        return pod;
    }

    private static string NamePrefix(string job, string index) =>
        job.Length + index.Length > LongestPrefix ? job[..(LongestPrefix - index.Length)] + index : job + index;

    private static List<V1Container> WithIndex(IEnumerable<V1Container> containers)
    {
        const string Name = "JOB_COMPLETION_INDEX";
        var variable = new V1EnvVar
        {
            Name = Name,
            ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { ApiVersion = "v1", FieldPath = $"metadata.labels['{IndexKey}']" } },
        };
        return
        [
            .. containers.Select(container => container.Env?.Any(known => known.Name == Name) == true
                ? container
                : container with { Env = [.. container.Env ?? [], variable] }),
        ];
    }
}
