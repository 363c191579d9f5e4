using System.Globalization;
using Flotilla.Api;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>
/// When the earliest of the changes happened that a service's endpoints are about to show; from it others measure
/// how long the way to the data plane took.
/// </summary>
internal sealed class TriggerTimes
{
    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, Dictionary<string, DateTime>> known = [];

    /// <summary>null: nothing that has a time changed since the last call.</summary>
    public DateTime? Next(ObjectKey key, V1Service service, IEnumerable<V1Pod> pods)
    {
        var times = new Dictionary<string, DateTime>(StringComparer.Ordinal);
        if (service.Metadata.CreationTimestamp is { } created)
        {
            times[""] = created;
        }

        foreach (var pod in pods)
        {
            if (pod.Condition("Ready")?.LastTransitionTime is { } changed)
            {
                times[pod.Metadata.Name] = changed;
            }
        }

        lock (gate)
        {
            var before = known.GetValueOrDefault(key);
            known[key] = times;
            return times
                .Where(entry => before is null || !before.TryGetValue(entry.Key, out var old) || entry.Value > old)
                .Select(entry => (DateTime?)entry.Value)
                .Min();
        }
    }

    public void Forget(ObjectKey key)
    {
        lock (gate)
        {
            known.Remove(key);
        }
    }

    public static string Format(DateTime time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
