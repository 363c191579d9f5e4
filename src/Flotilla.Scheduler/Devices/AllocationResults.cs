using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>Chosen devices as a claim's status says them.</summary>
internal static class AllocationResults
{
    public static V1AllocationResult For(
        Resourcev1ResourceClaim claim, IReadOnlyList<ChosenDevice> chosen, NodeInfo node, DeviceCatalog catalog, DateTime now) => new()
        {
            AllocationTimestamp = now,
            Devices = new V1DeviceAllocationResult
            {
                Results = [.. chosen.Select(one => new V1DeviceRequestAllocationResult
                {
                    Request = one.Wanted.Name,
                    Driver = one.Device.Pool.Driver,
                    Pool = one.Device.Pool.Name,
                    Device = one.Device.Device.Name,
                    AdminAccess = one.Wanted.AdminAccess ? true : null,
                    Tolerations = one.Wanted.Tolerations is { Count: > 0 } tolerations ? tolerations : null,
                    BindingConditions = one.Device.Device.BindingConditions is { Count: > 0 } conditions ? conditions : null,
                    BindingFailureConditions = one.Device.Device.BindingFailureConditions is { Count: > 0 } failures ? failures : null,
                    ShareID = one.Shares is null ? null : Guid.NewGuid().ToString(),
                    ConsumedCapacity = one.Shares is { Count: > 0 } shares ? shares.ToDictionary(StringComparer.Ordinal) : null,
                })],
                Config = Config(claim, chosen, catalog) is { Count: > 0 } config ? config : null,
            },
            NodeSelector = Selector(chosen, node),
        };

    private static List<V1DeviceAllocationConfiguration> Config(Resourcev1ResourceClaim claim, IReadOnlyList<ChosenDevice> chosen, DeviceCatalog catalog)
    {
        var ofClasses =
            from wanted in chosen.Select(one => one.Wanted).DistinctBy(wanted => wanted.Name)
            from config in catalog.Class(wanted.ClassName)?.Spec.Config ?? []
            select new V1DeviceAllocationConfiguration { Source = "FromClass", Requests = [wanted.Name], Opaque = config.Opaque };
        var names = chosen.SelectMany(one => (string[])[one.Wanted.Name, one.Wanted.Request]).ToHashSet(StringComparer.Ordinal);
        var ofClaim =
            from config in claim.Spec.Devices?.Config ?? []
            where config.Requests is not { Count: > 0 } requests || requests.Any(names.Contains)
            select new V1DeviceAllocationConfiguration { Source = "FromClaim", Requests = config.Requests, Opaque = config.Opaque };
        return [.. ofClasses, .. ofClaim];
    }

    /// <summary>Where the devices can be reached; null for everywhere.</summary>
    private static V1NodeSelector? Selector(IReadOnlyList<ChosenDevice> chosen, NodeInfo node)
    {
        List<V1NodeSelectorRequirement> labels = [];
        foreach (var one in chosen.Select(chosen => chosen.Device))
        {
            var byDevice = one.Slice.Spec.PerDeviceNodeSelection == true;
            if (one.Device.BindsToNode == true || !string.IsNullOrEmpty(byDevice ? one.Device.NodeName : one.Slice.Spec.NodeName))
            {
                return new V1NodeSelector
                {
                    NodeSelectorTerms = [new V1NodeSelectorTerm { MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = [node.Name] }] }],
                };
            }

            var selector = byDevice ? one.Device.NodeSelector : one.Slice.Spec.NodeSelector;
            labels.AddRange(selector?.NodeSelectorTerms.SelectMany(term => term.MatchExpressions ?? []) ?? []);
        }

        var distinct = labels.DistinctBy(label => (label.Key, label.OperatorProperty, string.Join(',', label.Values ?? []))).ToList();
        return distinct.Count == 0 ? null : new V1NodeSelector { NodeSelectorTerms = [new V1NodeSelectorTerm { MatchExpressions = distinct }] };
    }
}
