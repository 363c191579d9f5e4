using Flotilla.Node.Status;

namespace Flotilla.Node.Admission;

/// <summary>All checks, in the order in which a pod hears of them.</summary>
internal static class NodeChecks
{
    public static IReadOnlyList<IAdmissionCheck> For(NodeOptions options, NodeCapacity capacity) =>
    [
        new SysctlCheck(options.AllowedUnsafeSysctls),
        new AppArmorCheck(),
        new SystemCheck(),
        new GroupsCheck(),
        new ResourceCheck(capacity),
        new AffinityCheck(),
        new PortCheck(),
        new TaintCheck(),
    ];
}
