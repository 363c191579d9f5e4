using System.Globalization;

namespace Flotilla.Engine.Specs;

/// <summary>What a container's root may do: docker's usual set, and what was added and dropped.</summary>
internal static class Capabilities
{
    private static readonly string[] Usual =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    // In the order of their numbers.
    private static readonly string[] Names =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
        "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
        "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
        "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    /// <summary>All that this process may hand on: in a nested machine not every one.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.Where((_, number) => (Bounding() >> number & 1) != 0)];

    public static IReadOnlyList<string> For(bool isPrivileged, IEnumerable<string> added, IEnumerable<string> dropped)
    {
        var (add, drop) = (added.Select(Full).ToHashSet(StringComparer.Ordinal), dropped.Select(Full).ToHashSet(StringComparer.Ordinal));
        var basis = isPrivileged || add.Contains("CAP_ALL") ? All : drop.Contains("CAP_ALL") ? [] : Usual;
        return [.. basis.Except(drop).Union(add.Where(name => name != "CAP_ALL"))];
    }

    public static bool IsKnown(string name) => Full(name) == "CAP_ALL" || Names.Contains(Full(name), StringComparer.Ordinal);

    private static string Full(string name)
    {
        var upper = name.ToUpperInvariant();
        return upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : "CAP_" + upper;
    }

    private static ulong Bounding()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("CapBnd:", StringComparison.Ordinal));
        return line is null ? ulong.MaxValue : ulong.Parse(line["CapBnd:".Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
