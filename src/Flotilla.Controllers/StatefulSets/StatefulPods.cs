using System.Globalization;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>The pods of a StatefulSet: each has a number, and with it a name, a host name and claims of its own.</summary>
internal static class StatefulPods
{
    private const string NameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    public static string NameOf(V1StatefulSet set, int ordinal) =>
        string.Create(CultureInfo.InvariantCulture, $"{set.Metadata.Name}-{ordinal}");

    /// <summary>null: the name is not one of the set's.</summary>
    public static int? OrdinalOf(V1StatefulSet set, V1Pod pod)
    {
        var prefix = set.Metadata.Name + "-";
        return pod.Metadata.Name.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(pod.Metadata.Name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
                ? ordinal
                : null;
    }

    public static string? RevisionOf(V1Pod pod) =>
        pod.Metadata.Labels is { } labels && labels.TryGetValue(TemplateRevisions.HashLabel, out var revision) ? revision : null;

    /// <param name="template">Of the revision that this pod is to have.</param>
    public static V1Pod New(V1StatefulSet set, V1PodTemplateSpec template, string revision, int ordinal)
    {
        var pod = PodTemplates.NewPod(template, set);
        var name = NameOf(set, ordinal);
        pod.Metadata.GenerateName = null;
        pod.Metadata.Name = name;
        pod.Metadata.Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>())
        {
            [NameLabel] = name,
            [IndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture),
            [TemplateRevisions.HashLabel] = revision,
        };
        pod.Spec.Hostname = name;
        pod.Spec.Subdomain = set.Spec.ServiceName;
        if (set.Spec.VolumeClaimTemplates is { Count: > 0 } claims)
        {
            var own = claims.ToDictionary(claim => claim.Metadata.Name, claim => Volume(claim, name), StringComparer.Ordinal);
            pod.Spec.Volumes = [.. own.Values, .. (pod.Spec.Volumes ?? []).Where(volume => !own.ContainsKey(volume.Name))];
        }

        return pod;
    }

    /// <summary>The claims that a pod needs before it can run. They outlive it.</summary>
    public static IEnumerable<V1PersistentVolumeClaim> ClaimsFor(V1StatefulSet set, int ordinal)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates ?? [])
        {
            var labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>());
            foreach (var (key, value) in set.Spec.Selector.MatchLabels ?? new Dictionary<string, string>())
            {
                labels[key] = value;
            }

            yield return new V1PersistentVolumeClaim
            {
                ApiVersion = "v1",
                Kind = "PersistentVolumeClaim",
                Metadata = new V1ObjectMeta
                {
                    Name = $"{template.Metadata.Name}-{NameOf(set, ordinal)}",
                    NamespaceProperty = set.Metadata.NamespaceProperty,
                    Labels = labels,
                    Annotations = template.Metadata.Annotations,
                },
                Spec = template.Spec,
            };
        }
    }

    private static V1Volume Volume(V1PersistentVolumeClaim claim, string pod) => new()
    {
        Name = claim.Metadata.Name,
        PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = $"{claim.Metadata.Name}-{pod}" },
    };
}
