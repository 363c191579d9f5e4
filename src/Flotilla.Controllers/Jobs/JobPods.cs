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

    public static bool IsIndexed(V1Job job) => job.Spec.CompletionMode == "Indexed";

    public static bool IsTracked(this V1Pod pod) => pod.Metadata.Finalizers?.Contains(TrackingFinalizer) == true;

    public static bool HasSucceeded(this V1Pod pod) => pod.Status?.Phase == "Succeeded";

    /// <summary>A pod that is being deleted will not succeed any more.</summary>
    public static bool HasFailed(this V1Pod pod) => pod.Status?.Phase == "Failed" || (pod.IsDeleting() && !pod.HasSucceeded());

    public static int? IndexOf(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(IndexKey, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : null;

    /// <param name="index">Of an indexed job; otherwise null.</param>
    public static V1Pod New(V1Job job, int? index)
    {
        var pod = PodTemplates.NewPod(job.Spec.Template, job);
        pod.Metadata.Finalizers = [.. pod.Metadata.Finalizers ?? [], TrackingFinalizer];
        if (index is not { } number)
        {
            return pod;
        }

        var text = number.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.GenerateName = $"{job.Metadata.Name}-{text}-";
        pod.Metadata.Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>()) { [IndexKey] = text };
        pod.Metadata.Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>()) { [IndexKey] = text };
        pod.Spec.Hostname = $"{job.Metadata.Name}-{text}";
        pod.Spec.Containers = WithIndex(pod.Spec.Containers);
        pod.Spec.InitContainers = pod.Spec.InitContainers is { } init ? WithIndex(init) : null;
        return pod;
    }

    private static List<V1Container> WithIndex(IEnumerable<V1Container> containers)
    {
        var variable = new V1EnvVar
        {
            Name = "JOB_COMPLETION_INDEX",
            ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { ApiVersion = "v1", FieldPath = $"metadata.labels['{IndexKey}']" } },
        };
        return [.. containers.Select(container => container with { Env = [.. container.Env ?? [], variable] })];
    }
}
