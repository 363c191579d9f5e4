using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Archives;

/// <summary>Places for what every container has mounted there; no program has made them.</summary>
internal static class ContainerPlaces
{
    public static IReadOnlySet<string> All { get; } = new HashSet<string>(["/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", InitProgram.Path], StringComparer.Ordinal);
}
