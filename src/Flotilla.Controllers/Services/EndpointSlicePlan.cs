using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>How a service's slices become what its pods say, with as few writes as possible.</summary>
internal sealed record EndpointSlicePlan(
    IReadOnlyList<V1EndpointSlice> Create, IReadOnlyList<V1EndpointSlice> Update, IReadOnlyList<V1EndpointSlice> Delete)
{
    /// <summary>Of a service that wants hints by zones: the families, and why one has none.</summary>
    public IReadOnlyList<(string Family, string? Refusal)> HintsByFamily { get; init; } = [];

    public const int MaxPerSlice = 100;
    public const string ServiceName = "kubernetes.io/service-name";
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    public const string Manager = "endpointslice-controller.k8s.io";

    /// <param name="zoneOf">The zone of a node, if it has one.</param>
    public static EndpointSlicePlan For(
        V1Service service,
        IReadOnlyCollection<V1Pod> pods,
        IReadOnlyCollection<V1EndpointSlice> existing,
        Func<string, string?> zoneOf,
        DateTime? trigger,
        ZoneShares? zones = null)
    {
        List<(string Family, string? Refusal)> hints = [];
        var work = new Work(service, trigger);
        foreach (var family in ServicePods.Families(service))
        {
            var wanted = Wanted(service, pods, family, zoneOf);
            if (zones is not null && ZoneHints.AreWanted(service))
            {
                hints.Add((family, ZoneHints.Set([.. wanted.Values.SelectMany(endpoints => endpoints)], zones)));
            }

            work.Reconcile(family, wanted, [.. existing.Where(slice => slice.AddressType == family)]);
        }

        work.Delete.AddRange(existing.Where(slice => !ServicePods.Families(service).Contains(slice.AddressType)));
        return work.Finish() with { HintsByFamily = hints };
    }

    private static Dictionary<PortSet, List<V1Endpoint>> Wanted(
        V1Service service, IEnumerable<V1Pod> pods, string family, Func<string, string?> zoneOf)
    {
        var groups = new Dictionary<PortSet, List<V1Endpoint>>();
        foreach (var pod in pods.Where(ServicePods.HasAddress).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            if (ServicePods.Address(pod, family) is not { } address)
            {
                continue;
            }

            var ports = PortSet.For(service, pod);
            if (!groups.TryGetValue(ports, out var endpoints))
            {
                groups.Add(ports, endpoints = []);
            }

            endpoints.Add(Endpoint(service, pod, address, zoneOf));
        }

        return groups;
    }

    private static V1Endpoint Endpoint(V1Service service, V1Pod pod, string address, Func<string, string?> zoneOf)
    {
        var serving = pod.IsReady();
        var ready = service.Spec.PublishNotReadyAddresses == true || (serving && !pod.IsDeleting());
        var zone = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : zoneOf(pod.Spec.NodeName);
        return new V1Endpoint
        {
            Addresses = [address],
            Conditions = new V1EndpointConditions
            {
                Ready = ready,
                Serving = serving,
                Terminating = pod.IsDeleting(),
            },
            Hostname = ServicePods.Hostname(service, pod),
            NodeName = string.IsNullOrEmpty(pod.Spec.NodeName) ? null : pod.Spec.NodeName,
            Zone = zone,
            Hints = ready ? Hints(service, pod.Spec.NodeName, zone) : null,
            TargetRef = ServicePods.ReferenceTo(pod),
        };
    }

    /// <summary>Whose clients an endpoint is meant for, when the service prefers what is near.</summary>
    private static V1EndpointHints? Hints(V1Service service, string? node, string? zone)
    {
        var zones = zone is null ? null : new List<V1ForZone> { new() { Name = zone } };
        return service.Spec.TrafficDistribution switch
        {
            "PreferClose" or "PreferSameZone" => zones is null ? null : new V1EndpointHints { ForZones = zones },
            "PreferSameNode" when !string.IsNullOrEmpty(node) => new V1EndpointHints { ForZones = zones, ForNodes = [new V1ForNode { Name = node }] },
            _ => null,
        };
    }

    private sealed class Work(V1Service service, DateTime? trigger)
    {
        private readonly List<V1EndpointSlice> create = [];
        private readonly List<V1EndpointSlice> update = [];

        public List<V1EndpointSlice> Delete { get; } = [];

        public void Reconcile(string family, Dictionary<PortSet, List<V1Endpoint>> wanted, List<V1EndpointSlice> existing)
        {
            if (wanted.Count == 0)
            {
                // One empty slice says that the service is known and has nobody.
                wanted.Add(PortSet.None, []);
            }

            foreach (var (ports, endpoints) in wanted)
            {
                var mine = existing.Where(slice => PortSet.Of(slice).Equals(ports)).ToList();
                existing.RemoveAll(mine.Contains);
                Fill(family, ports, endpoints, mine);
            }

            Delete.AddRange(existing);
        }

        /// <summary>A slice that would be deleted becomes one that would be created: one write and no gap.</summary>
        public EndpointSlicePlan Finish()
        {
            while (create.Count > 0 && Delete.Find(slice => slice.AddressType == create[^1].AddressType && !slice.IsDeleting()) is { } reused)
            {
                var fresh = create[^1];
                create.RemoveAt(create.Count - 1);
                Delete.Remove(reused);
                update.Add(reused with { Metadata = MetadataOf(reused.Metadata), Endpoints = fresh.Endpoints, Ports = fresh.Ports });
            }

            return new EndpointSlicePlan(create, update, Delete);
        }

        private void Fill(string family, PortSet ports, List<V1Endpoint> endpoints, List<V1EndpointSlice> existing)
        {
            var left = endpoints.ToDictionary(endpoint => endpoint.TargetRef.Uid, StringComparer.Ordinal);
            var kept = existing.ConvertAll(slice => (Slice: slice, Endpoints: Keep(slice, left)));
            foreach (var (slice, remaining) in kept.OrderByDescending(entry => entry.Endpoints.Count))
            {
                remaining.AddRange(Take(left, MaxPerSlice - remaining.Count));
                if (remaining.Count == 0 && (endpoints.Count > 0 || slice != kept[0].Slice))
                {
                    Delete.Add(slice);
                }
                else if (!AreSame(slice, remaining))
                {
                    update.Add(slice with { Metadata = MetadataOf(slice.Metadata), Endpoints = remaining });
                }
            }

            while (left.Count > 0 || (endpoints.Count == 0 && existing.Count == 0))
            {
                create.Add(New(family, ports, [.. Take(left, MaxPerSlice)]));
                if (left.Count == 0)
                {
                    break;
                }
            }
        }

        private static List<V1Endpoint> Keep(V1EndpointSlice slice, Dictionary<string, V1Endpoint> left)
        {
            var kept = new List<V1Endpoint>();
            foreach (var old in slice.Endpoints ?? [])
            {
                if (old.TargetRef?.Uid is { } uid && left.Remove(uid, out var endpoint))
                {
                    kept.Add(endpoint);
                }
            }

            return kept;
        }

        private static List<V1Endpoint> Take(Dictionary<string, V1Endpoint> left, int count)
        {
            var taken = left.Values.Take(count).ToList();
            taken.ForEach(endpoint => left.Remove(endpoint.TargetRef.Uid));
            return taken;
        }

        private bool AreSame(V1EndpointSlice slice, List<V1Endpoint> endpoints) =>
            EndpointComparison.AreSame(slice.Endpoints, endpoints) && EndpointComparison.AreSame(slice.Metadata.Labels, Labels());

        private V1EndpointSlice New(string family, PortSet ports, List<V1Endpoint> endpoints) => new()
        {
            ApiVersion = "discovery.k8s.io/v1",
            Kind = "EndpointSlice",
            Metadata = MetadataOf(new V1ObjectMeta
            {
                GenerateName = service.Metadata.Name + "-",
                NamespaceProperty = service.Metadata.NamespaceProperty,
                OwnerReferences = [Owners.ReferenceTo(service)],
            }),
            AddressType = family,
            Endpoints = endpoints,
            Ports = ports.ToList(),
        };

        private V1ObjectMeta MetadataOf(V1ObjectMeta metadata)
        {
            var annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>());
            annotations.Remove(ServicePods.TriggerTime);
            if (trigger is { } time)
            {
                annotations[ServicePods.TriggerTime] = TriggerTimes.Format(time);
            }

            return metadata with { Labels = Labels(), Annotations = annotations.Count == 0 ? null : annotations };
        }

        private Dictionary<string, string> Labels()
        {
            var labels = new Dictionary<string, string>(service.Metadata.Labels ?? new Dictionary<string, string>())
            {
                [ServiceName] = service.Metadata.Name,
                [ManagedBy] = Manager,
            };
            labels.Remove(ServicePods.HeadlessLabel);
            if (ServicePods.IsHeadless(service))
            {
                labels[ServicePods.HeadlessLabel] = "";
            }

            return labels;
        }
    }
}
