using Flotilla.Api;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>Selectors of Services and of the sets that own pods: which pods belong together when a pod does not say.</summary>
public sealed class WorkloadCatalog
{
    private readonly Dictionary<string, Dictionary<string, LabelMatcher>> services = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, ObjectKey Key), LabelMatcher> owners = [];

    public void SetService(ObjectKey key, IDictionary<string, string>? selector)
    {
        if (selector is not { Count: > 0 })
        {
            RemoveService(key);
            return;
        }

        if (!services.TryGetValue(key.Namespace!, out var siblings))
        {
            services.Add(key.Namespace!, siblings = new Dictionary<string, LabelMatcher>(StringComparer.Ordinal));
        }

        siblings[key.Name] = LabelMatcher.Equal(selector);
    }

    public void RemoveService(ObjectKey key)
    {
        if (services.TryGetValue(key.Namespace!, out var siblings))
        {
            siblings.Remove(key.Name);
        }
    }

    public void SetOwner(string kind, ObjectKey key, LabelMatcher selector) => owners[(kind, key)] = selector;

    public void RemoveOwner(string kind, ObjectKey key) => owners.Remove((kind, key));

    /// <summary>All requirements of the Services that select the pod and of the set that owns it; null when there are none.</summary>
    public LabelMatcher? SelectorFor(PodInfo pod)
    {
        List<LabelMatcher.Requirement> all = [];
        if (services.TryGetValue(pod.Namespace, out var siblings))
        {
            all.AddRange(siblings.Values.Where(service => service.Matches(pod.Labels)).SelectMany(service => service.Requirements));
        }

        foreach (var owner in pod.Pod.Metadata.OwnerReferences ?? [])
        {
            if (owner.Controller == true && owners.TryGetValue((owner.Kind, new ObjectKey(pod.Namespace, owner.Name)), out var selector))
            {
                all.AddRange(selector.Requirements);
            }
        }

        return all.Count == 0 ? null : new LabelMatcher(all);
    }
}
