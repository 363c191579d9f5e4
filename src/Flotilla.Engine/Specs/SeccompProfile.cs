using System.Text.Json.Nodes;
using Flotilla.Docker;

namespace Flotilla.Engine.Specs;

/// <summary>
/// Which system calls a container may not make. What docker's documentation lists as blocked is refused, each group unless a capability was
/// given that stands for it; everything else works.
/// </summary>
internal static class SeccompProfile
{
    private const int NotPermitted = 1;
    private const int NoSuchCall = 38;

    // Mounts, cgroups, names, messages, users, processes, networks.
    private static readonly long[] NamespaceFlags = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000];

    private static readonly (string Capability, string[] Calls)[] Guarded =
    [
        ("CAP_SYS_ADMIN", ["bpf", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns", "umount", "umount2", "unshare"]),
        ("CAP_SYS_BOOT", ["reboot", "kexec_file_load", "kexec_load"]),
        ("CAP_SYS_MODULE", ["create_module", "delete_module", "finit_module", "init_module", "query_module"]),
        ("CAP_SYS_PACCT", ["acct"]),
        ("CAP_SYS_PTRACE", ["kcmp", "pidfd_getfd", "process_madvise"]),
        ("CAP_SYS_RAWIO", ["iopl", "ioperm"]),
        ("CAP_SYS_TIME", ["clock_settime", "settimeofday", "stime"]),
        ("CAP_SYS_NICE", ["get_mempolicy", "mbind", "set_mempolicy", "move_pages"]),
        ("CAP_DAC_READ_SEARCH", ["open_by_handle_at"]),
        ("CAP_SYSLOG", ["syslog"]),
    ];

    private static readonly string[] Always =
    [
        "add_key", "get_kernel_syms", "keyctl", "nfsservctl", "request_key", "swapon", "swapoff", "sysfs", "_sysctl", "userfaultfd", "uselib", "ustat", "vm86", "vm86old",
        "pivot_root", "io_uring_setup", "io_uring_enter", "io_uring_register",
    ];

    public static JsonObject For(IReadOnlyCollection<string> capabilities)
    {
        var calls = Guarded.Where(group => !capabilities.Contains(group.Capability)).SelectMany(group => group.Calls).Concat(Always);
        return new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = WireJson.Array(
            [
                new JsonObject { ["names"] = WireJson.Array(calls.Select(name => (JsonNode)name)), ["action"] = "SCMP_ACT_ERRNO", ["errnoRet"] = NotPermitted },
                .. capabilities.Contains("CAP_SYS_ADMIN") ? [] : NewNamespaces(),
            ]),
        };
    }

    // clone itself makes threads and processes; only its flags for new namespaces are kept from containers. clone3 has its flags where no filter sees
    // them: programs go back to clone when there is none.
    private static IEnumerable<JsonObject> NewNamespaces() =>
    [
        .. NamespaceFlags.Select(flag => new JsonObject
        {
            ["names"] = new JsonArray("clone"),
            ["action"] = "SCMP_ACT_ERRNO",
            ["errnoRet"] = NotPermitted,
            ["args"] = new JsonArray(new JsonObject { ["index"] = 0, ["value"] = flag, ["valueTwo"] = flag, ["op"] = "SCMP_CMP_MASKED_EQ" }),
        }),
        new JsonObject { ["names"] = new JsonArray("clone3"), ["action"] = "SCMP_ACT_ERRNO", ["errnoRet"] = NoSuchCall },
    ];
}
