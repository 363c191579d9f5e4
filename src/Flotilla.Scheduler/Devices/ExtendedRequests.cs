using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>A device request of the claim that the scheduler makes, and which container's resource it stands for.</summary>
public sealed record ExtendedRequests(IReadOnlyList<V1DeviceRequest> Requests, IReadOnlyList<V1ContainerExtendedResourceRequest> Mappings)
{
    /// <summary>
    /// Devices for containers that run at the same time. Those that come to their end before others start use what these will
    /// have, and what is lacking they share among themselves. Pure.
    /// </summary>
    /// <param name="classes">By resource.</param>
    public static ExtendedRequests For(V1Pod pod, IReadOnlyDictionary<string, V1DeviceClass> classes)
    {
        List<V1DeviceRequest> requests = [];
        List<V1ContainerExtendedResourceRequest> mappings = [];
        foreach (var (resource, deviceClass) in classes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            new OfResource(pod, resource, deviceClass.Metadata.Name).AddTo(requests, mappings);
        }

        return new ExtendedRequests([.. requests.OrderBy(request => request.Name, StringComparer.Ordinal)], mappings);
    }

    private sealed class OfResource(V1Pod pod, string resource, string className)
    {
        private readonly List<V1Container> containers = [.. pod.Spec.InitContainers ?? [], .. pod.Spec.Containers];

        public void AddTo(List<V1DeviceRequest> requests, List<V1ContainerExtendedResourceRequest> mappings)
        {
            var lasting = new V1DeviceRequest?[containers.Count];
            foreach (var index in Indexes(lasting: true))
            {
                lasting[index] = Ask(index, [], mappings);
            }

            List<V1ContainerExtendedResourceRequest> passing = [];
            var own = Indexes(lasting: false).Select(index => Ask(index, lasting.Skip(index).OfType<V1DeviceRequest>(), passing)).OfType<V1DeviceRequest>().ToList();
            if (own.MaxBy(request => request.Exactly.Count) is { } most)
            {
                var others = own.Select(request => request.Name).ToHashSet(StringComparer.Ordinal);
                passing.ForEach(mapping => mapping.RequestName = others.Contains(mapping.RequestName) ? most.Name : mapping.RequestName);
                requests.Add(most);
            }

            requests.AddRange(lasting.OfType<V1DeviceRequest>());
            mappings.AddRange(passing);
        }

        private IEnumerable<int> Indexes(bool lasting) => Enumerable.Range(0, containers.Count)
            .Where(index => lasting == (index >= (pod.Spec.InitContainers?.Count ?? 0) || containers[index].RestartPolicy == "Always"));

        private V1DeviceRequest? Ask(int index, IEnumerable<V1DeviceRequest> reusable, List<V1ContainerExtendedResourceRequest> mappings)
        {
            var left = Resources.From(containers[index].Resources?.Requests).Extended.GetValueOrDefault(resource);
            foreach (var other in left > 0 ? reusable : [])
            {
                mappings.Add(Mapping(index, other.Name));
                left -= other.Exactly.Count ?? 1;
                if (left <= 0)
                {
                    break;
                }
            }

            if (left <= 0)
            {
                return null;
            }

            var position = containers[index].Resources!.Requests.Keys.Order(StringComparer.Ordinal).ToList().IndexOf(resource);
            var request = new V1DeviceRequest
            {
                Name = $"container-{index}-request-{position}",
                Exactly = new V1ExactDeviceRequest { DeviceClassName = className, AllocationMode = "ExactCount", Count = left },
            };
            mappings.Add(Mapping(index, request.Name));
            return request;
        }

        private V1ContainerExtendedResourceRequest Mapping(int index, string request) =>
            new() { ContainerName = containers[index].Name, ResourceName = resource, RequestName = request };
    }
}
