using Flotilla.Api;
using Flotilla.Client.Metrics;

namespace Flotilla.Controllers.SeLinuxWarnings;

/// <summary>Who uses which volume with which label, and where that cannot go well; told as a metric. Any thread may ask.</summary>
public sealed class SeLinuxConflicts
{
    private const string Metric = "selinux_warning_controller_selinux_volume_conflict";
    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<ObjectKey, Use>> volumes = new(StringComparer.Ordinal);

    public void Write(MetricsText text)
    {
        text.Family(Metric, "gauge", "[ALPHA] Conflict between two Pods using the same volume");
        foreach (var conflict in All())
        {
            text.Sample(
                Metric, 1, ("property", conflict.Property), ("pod1_namespace", conflict.Pod.Namespace!), ("pod1_name", conflict.Pod.Name), ("pod1_value", conflict.Value),
                ("pod2_namespace", conflict.OtherPod.Namespace!), ("pod2_name", conflict.OtherPod.Name), ("pod2_value", conflict.OtherValue));
        }
    }

    /// <returns>What that brings about, for each of the pods it concerns.</returns>
    internal IReadOnlyList<LabelConflict> Add(string volume, ObjectKey pod, string label, string changePolicy)
    {
        lock (gate)
        {
            if (!volumes.TryGetValue(volume, out var users))
            {
                volumes[volume] = users = [];
            }

            users[pod] = new Use(label, changePolicy);
            return [.. users.Where(other => other.Key != pod).SelectMany(other => Between(pod, users[pod], other.Key, other.Value)).SelectMany(conflict => (LabelConflict[])[conflict, conflict.Reversed])];
        }
    }

    internal void Remove(ObjectKey pod)
    {
        lock (gate)
        {
            foreach (var (volume, users) in volumes.ToList())
            {
                if (users.Remove(pod) && users.Count == 0)
                {
                    volumes.Remove(volume);
                }
            }
        }
    }

    /// <summary>Whoever begins to look, begins anew.</summary>
    internal void Clear()
    {
        lock (gate)
        {
            volumes.Clear();
        }
    }

    private List<LabelConflict> All()
    {
        lock (gate)
        {
            return [.. from users in volumes.Values
                       from user in users
                       from other in users
                       where user.Key != other.Key
                       from conflict in Between(user.Key, user.Value, other.Key, other.Value)
                       select conflict];
        }
    }

    private static IEnumerable<LabelConflict> Between(ObjectKey pod, Use use, ObjectKey otherPod, Use other)
    {
        if (use.ChangePolicy != other.ChangePolicy)
        {
            yield return new LabelConflict("SELinuxChangePolicy", "SELinuxChangePolicyConflict", pod, use.ChangePolicy, otherPod, other.ChangePolicy);
        }

        if (SeLinuxLabel.Conflict(use.Label, other.Label))
        {
            yield return new LabelConflict("SELinux label", "SELinuxLabelConflict", pod, use.Label, otherPod, other.Label);
        }
    }

    private readonly record struct Use(string Label, string ChangePolicy);
}
