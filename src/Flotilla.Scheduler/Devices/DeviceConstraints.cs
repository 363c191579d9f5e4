using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>What a claim asks of its devices together: to agree, or to differ, in an attribute.</summary>
internal static class DeviceConstraints
{
    public static bool Allow(Resourcev1ResourceClaim claim, IReadOnlyList<ChosenDevice> chosen, WantedDevice wanted, PooledDevice device) =>
        (claim.Spec.Devices?.Constraints ?? []).All(constraint => !Concerns(constraint, wanted) || Allow(constraint, chosen, device));

    private static bool Allow(V1DeviceConstraint constraint, IReadOnlyList<ChosenDevice> chosen, PooledDevice device)
    {
        var others = chosen.Where(other => Concerns(constraint, other.Wanted));
        if (constraint.MatchAttribute is { } same)
        {
            return ValueOf(device, same) is { } value && others.All(other => ValueOf(other.Device, same) == value);
        }

        return constraint.DistinctAttribute is not { } distinct
            || (ValueOf(device, distinct) is { } own && others.All(other => ValueOf(other.Device, distinct) != own));
    }

    private static bool Concerns(V1DeviceConstraint constraint, WantedDevice wanted) =>
        constraint.Requests is not { Count: > 0 } requests || requests.Contains(wanted.Name) || requests.Contains(wanted.Request);

    // Values of different types are different.
    private static string? ValueOf(PooledDevice device, string attribute) => device.Attribute(attribute) switch
    {
        null => null,
        { StringValue: { } text } => "s:" + text,
        { IntValue: { } number } => $"i:{number}",
        { BoolValue: { } flag } => $"b:{flag}",
        var other => "v:" + other.Version,
    };
}
