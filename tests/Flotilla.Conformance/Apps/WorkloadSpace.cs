using System.Globalization;
using System.Text.Json;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Apps;

/// <summary>What tests of workloads ask of their namespace.</summary>
internal static class WorkloadSpace
{
    /// <summary>Pods that are there to stay, by name.</summary>
    public static async Task<List<V1Pod>> PodsAsync(this Space space, string app) =>
    [
        .. (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: $"app={app}")).Items
            .Where(pod => pod.Metadata.DeletionTimestamp is null)
            .OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal),
    ];

    public static bool IsReady(this V1Pod pod) =>
        pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    /// <summary>So many pods and no more, all of them ready.</summary>
    public static Task<List<V1Pod>> ReadyAsync(this Space space, string app, int count, int seconds = 60) =>
        space.UntilAsync(() => space.PodsAsync(app), pods => pods.Count == count && pods.TrueForAll(IsReady), seconds);

    public static Task<V1Deployment> DeploymentAsync(this Space space, string name, Func<V1Deployment, bool> isRight) =>
        space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedDeploymentAsync(name, space.Name), isRight);

    public static Task<V1StatefulSet> StatefulSetAsync(this Space space, string name, Func<V1StatefulSet, bool> isRight) =>
        space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedStatefulSetAsync(name, space.Name), isRight);

    public static Task<V1DaemonSet> DaemonSetAsync(this Space space, string name, Func<V1DaemonSet, bool> isRight) =>
        space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedDaemonSetAsync(name, space.Name), isRight);

    public static Task<V1Job> JobAsync(this Space space, string name, Func<V1Job, bool> isRight, int seconds = 60) =>
        space.UntilAsync(() => space.Client.BatchV1.ReadNamespacedJobAsync(name, space.Name), isRight, seconds);

    /// <summary>A job that is complete or has failed.</summary>
    public static Task<V1Job> EndedJobAsync(this Space space, string name, int seconds = 60) =>
        space.JobAsync(name, job => job.Status.Conditions?.Any(condition => condition is { Type: "Complete" or "Failed", Status: "True" }) == true, seconds);

    public static List<string> Conditions(this V1Job job) => [.. (job.Status.Conditions ?? []).Select(condition => $"{condition.Type} {condition.Reason}")];

    public static bool IsRolledOut(this V1Deployment deployment, int replicas) =>
        deployment.Status is { } status
        && status.ObservedGeneration >= deployment.Metadata.Generation
        && status.UpdatedReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas;

    public static V1Patch Merge(string json) => new(json, V1Patch.PatchType.MergePatch);

    public static V1Patch Merge(object change) => Merge(JsonSerializer.Serialize(change));

    /// <summary>Another image for the container.</summary>
    public static V1Patch Image(string image) => new(
        """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"IMAGE"}]}}}}""".Replace("IMAGE", image, StringComparison.Ordinal),
        V1Patch.PatchType.StrategicMergePatch);

    public static string Stamp(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public static string ImageOf(this V1Pod pod) => pod.Spec.Containers[0].Image;

    public static string? VersionOf(this V1Pod pod) => pod.Metadata.Annotations?.TryGetValue("version", out var version) == true ? version : null;
}
