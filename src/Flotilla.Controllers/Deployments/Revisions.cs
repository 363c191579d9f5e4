using System.Globalization;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>The annotations by which a Deployment and its ReplicaSets remember the history that kubectl shows.</summary>
internal static class Revisions
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string History = "deployment.kubernetes.io/revision-history";
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    private const int MaxHistoryLength = 2000;

    /// <summary>Annotations of a Deployment that mean nothing on its sets.</summary>
    private static readonly HashSet<string> NotCopied = new(StringComparer.Ordinal)
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        Revision,
        History,
        DesiredReplicas,
        MaxReplicas,
    };

    public static long RevisionOf(IKubernetesObject<V1ObjectMeta> value) => Number(value.Metadata.Annotations, Revision) ?? 0;

    public static long MaxOf(IEnumerable<V1ReplicaSet> sets) => sets.Select(RevisionOf).DefaultIfEmpty().Max();

    public static int? MaxReplicasOf(V1ReplicaSet set) => (int?)Number(set.Metadata.Annotations, MaxReplicas);

    public static int? DesiredReplicasOf(V1ReplicaSet set) => (int?)Number(set.Metadata.Annotations, DesiredReplicas);

    /// <summary>What the newest set's annotations should be.</summary>
    /// <param name="set">As it is; null: about to be created.</param>
    public static Dictionary<string, string> For(V1Deployment deployment, V1ReplicaSet? set, long revision)
    {
        var annotations = Copy(set?.Metadata.Annotations);
        foreach (var (name, value) in deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (!NotCopied.Contains(name))
            {
                annotations[name] = value;
            }
        }

        var old = Number(annotations, Revision);
        if ((old ?? 0) < revision)
        {
            annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            if (old is { } former)
            {
                annotations[History] = Append(annotations.GetValueOrDefault(History), former);
            }
        }

        return set is null ? WithReplicas(annotations, deployment) : annotations;
    }

    /// <summary>Every set carries what the Deployment was scaled to when it was last scaled itself.</summary>
    public static Dictionary<string, string> WithReplicas(IDictionary<string, string>? annotations, V1Deployment deployment)
    {
        var desired = deployment.Spec.Replicas ?? 1;
        var copy = Copy(annotations);
        copy[DesiredReplicas] = desired.ToString(CultureInfo.InvariantCulture);
        copy[MaxReplicas] = (desired + RolloutMath.MaxSurge(deployment)).ToString(CultureInfo.InvariantCulture);
        return copy;
    }

    public static bool AreSame(IDictionary<string, string>? left, IDictionary<string, string> right) =>
        (left?.Count ?? 0) == right.Count && right.All(entry => left!.TryGetValue(entry.Key, out var value) && value == entry.Value);

    private static string Append(string? history, long revision)
    {
        var known = string.IsNullOrEmpty(history) ? [] : history.Split(',').ToList();
        known.Add(revision.ToString(CultureInfo.InvariantCulture));
        while (known.Count > 1 && known.Sum(entry => entry.Length + 1) > MaxHistoryLength)
        {
            known.RemoveAt(0);
        }

        return string.Join(',', known);
    }

    private static Dictionary<string, string> Copy(IDictionary<string, string>? annotations) =>
        annotations is null ? new(StringComparer.Ordinal) : new(annotations, StringComparer.Ordinal);

    private static long? Number(IDictionary<string, string>? annotations, string name) =>
        annotations is not null
        && annotations.TryGetValue(name, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
