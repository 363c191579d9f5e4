using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>The legacy Endpoints of a service: pods with the same ports in one subset.</summary>
internal static class EndpointsPlan
{
    private const int MaxAddresses = 1000;
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity";
    private const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    /// <returns>null: what is there is right.</returns>
    public static V1Endpoints? For(V1Service service, IEnumerable<V1Pod> pods, V1Endpoints? existing, Func<DateTime?> trigger)
    {
        var subsets = Subsets(service, pods, out var isOver);
        var labels = Labels(service);
        var annotations = new Dictionary<string, string>(existing?.Metadata.Annotations ?? new Dictionary<string, string>());
        annotations.Remove(OverCapacity);
        if (isOver)
        {
            annotations[OverCapacity] = "truncated";
        }

        if (existing is not null
            && EndpointComparison.AreSame(existing.Subsets, subsets)
            && EndpointComparison.AreSame(existing.Metadata.Labels, labels)
            && EndpointComparison.AreSame(existing.Metadata.Annotations, annotations))
        {
            return null;
        }

        annotations.Remove(ServicePods.TriggerTime);
        if (trigger() is { } time)
        {
            annotations[ServicePods.TriggerTime] = TriggerTimes.Format(time);
        }

        var metadata = existing?.Metadata ?? new V1ObjectMeta { Name = service.Metadata.Name, NamespaceProperty = service.Metadata.NamespaceProperty };
        return new V1Endpoints
        {
            ApiVersion = "v1",
            Kind = "Endpoints",
            Metadata = metadata with { Labels = labels, Annotations = annotations.Count == 0 ? null : annotations },
            Subsets = subsets.Count == 0 ? null : subsets,
        };
    }

    private static List<V1EndpointSubset> Subsets(V1Service service, IEnumerable<V1Pod> pods, out bool isOver)
    {
        var publishesAll = service.Spec.PublishNotReadyAddresses == true;
        var family = ServicePods.Families(service).First();
        var groups = new SortedDictionary<string, (PortSet Ports, List<V1EndpointAddress> Ready, List<V1EndpointAddress> NotReady)>(StringComparer.Ordinal);
        var all = pods
            .Where(pod => ServicePods.HasAddress(pod) && (publishesAll || !pod.IsDeleting()))
            .OrderBy(pod => pod.Metadata.Uid, StringComparer.Ordinal)
            .ToList();
        isOver = all.Count > MaxAddresses;
        foreach (var pod in all.OrderByDescending(pod => pod.IsReady()).Take(MaxAddresses))
        {
            var ports = PortSet.For(service, pod);
            if (ServicePods.Address(pod, family) is not { } address || (ports.ToList().Count == 0 && !ServicePods.IsHeadless(service)))
            {
                continue;
            }

            var id = string.Join(';', ports.ToList().Select(port => $"{port.Name}/{port.Port}/{port.Protocol}"));
            if (!groups.TryGetValue(id, out var group))
            {
                groups.Add(id, group = (ports, [], []));
            }

            (publishesAll || pod.IsReady() ? group.Ready : group.NotReady).Add(new V1EndpointAddress
            {
                Ip = address,
                Hostname = ServicePods.Hostname(service, pod),
                NodeName = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : pod.Spec.NodeName,
                TargetRef = ServicePods.ReferenceTo(pod),
            });
        }

        return [.. groups.Values.Select(group => new V1EndpointSubset
        {
            Addresses = OrNull(group.Ready),
            NotReadyAddresses = OrNull(group.NotReady),
            Ports = group.Ports.ToList().Count == 0 ? null : [.. group.Ports.ToList().Select(ToLegacy)],
        })];
    }

    private static Corev1EndpointPort ToLegacy(Discoveryv1EndpointPort port) => new()
    {
        Name = string.IsNullOrEmpty(port.Name) ? null : port.Name,
        Port = port.Port ?? 0,
        Protocol = port.Protocol,
        AppProtocol = port.AppProtocol,
    };

    private static List<V1EndpointAddress>? OrNull(List<V1EndpointAddress> addresses) => addresses.Count == 0 ? null : addresses;

    private static Dictionary<string, string> Labels(V1Service service)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>())
        {
            [ManagedBy] = "endpoint-controller",
        };
        labels.Remove(ServicePods.HeadlessLabel);
        if (ServicePods.IsHeadless(service))
        {
            labels[ServicePods.HeadlessLabel] = "";
        }

        return labels;
    }
}
