using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>What a request takes of a device that may be given to several, by upstream's rules. Pure.</summary>
internal static class DeviceShares
{
    private static readonly Dictionary<string, ResourceQuantity> Nothing = new(StringComparer.Ordinal);

    /// <summary>By capacity: what is asked for, made to fit the device's policy; of what nobody asks for, the policy's default or all.</summary>
    /// <returns>null: the device cannot give that, even to one alone.</returns>
    public static IReadOnlyDictionary<string, ResourceQuantity>? Of(V1Device device, IDictionary<string, ResourceQuantity>? wanted)
    {
        var capacity = device.Capacity ?? new Dictionary<string, V1DeviceCapacity>(StringComparer.Ordinal);
        var isShared = device.AllowMultipleAllocations == true;
        if ((wanted ?? Nothing).Any(one => !capacity.TryGetValue(one.Key, out var has) || one.Value.ToDecimal() > has.Value.ToDecimal()))
        {
            return null;
        }

        var shares = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        foreach (var (name, has) in capacity.Where(_ => isShared))
        {
            if (Share(has, (wanted ?? Nothing).TryGetValue(name, out var asked) ? asked : null) is not { } share || share.ToDecimal() > has.Value.ToDecimal())
            {
                return null;
            }

            shares[name] = share;
        }

        return shares;
    }

    private static ResourceQuantity? Share(V1DeviceCapacity has, ResourceQuantity? asked)
    {
        if (asked is not { } amount)
        {
            return has.RequestPolicy?.DefaultProperty ?? has.Value;
        }

        return has.RequestPolicy switch
        {
            { ValidValues: { Count: > 0 } values } => values.Where(value => value.ToDecimal() >= amount.ToDecimal()).OrderBy(value => value.ToDecimal()).Select(value => (ResourceQuantity?)value).FirstOrDefault(),
            { ValidRange: { } range } => InRange(range, amount),
            _ => amount,
        };
    }

    private static ResourceQuantity? InRange(V1CapacityRequestPolicyRange range, ResourceQuantity asked)
    {
        var (least, wanted) = (range.Min.ToDecimal(), asked.ToDecimal());
        if (wanted <= least)
        {
            return range.Min;
        }

        var step = range.Step?.ToDecimal() ?? 0;
        var amount = step > 0 ? least + (Math.Ceiling((wanted - least) / step) * step) : wanted;
        return range.Max is { } most && amount > most.ToDecimal() ? null : amount == wanted ? asked : new ResourceQuantity(amount, 0, asked.Format);
    }
}
