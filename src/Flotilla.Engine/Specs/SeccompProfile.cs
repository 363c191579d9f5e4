using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Docker;

namespace Flotilla.Engine.Specs;

/// <summary>
/// Which system calls a container may make: the common ones, and those that its capabilities stand for. Every other is refused as not permitted. A few are
/// open for some of their arguments only: new namespaces, sockets of the hypervisor and strange personalities stay closed.
/// </summary>
internal static class SeccompProfile
{
    private const int NotPermitted = 1;
    private const int NoSuchCall = 38;
    private const string Allow = "SCMP_ACT_ALLOW";
    private const string Refuse = "SCMP_ACT_ERRNO";

    // Mounts, cgroups, names, messages, users, processes, networks.
    private const long NewNamespaces = 0x2000000 | 0x20000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000;
    private const long HypervisorSockets = 40;

    // Linux, 32 bits, uname as of 2.6, both, and the question which it is.
    private static readonly long[] Personalities = [0, 8, 0x20000, 0x20008, 0xFFFFFFFF];

    public static JsonObject For(IReadOnlyCollection<string> capabilities)
    {
        var names = SystemCalls.Common.Concat(SystemCalls.ByCapability.Where(group => capabilities.Contains(group.Key)).SelectMany(group => group.Value)).Distinct(StringComparer.Ordinal);
        return new JsonObject
        {
            ["defaultAction"] = Refuse,
            ["defaultErrnoRet"] = NotPermitted,
            ["architectures"] = Architectures(),
            ["syscalls"] = WireJson.Array([Rule(Allow, [.. names]), Rule(Allow, ["socket"], "SCMP_CMP_NE", HypervisorSockets), .. Personalities.Select(kind => Rule(Allow, ["personality"], "SCMP_CMP_EQ", kind)), .. capabilities.Contains("CAP_SYS_ADMIN") ? [] : Clones()]),
        };
    }

    // clone3 has its flags where no filter sees them: programs go back to clone when there is none.
    private static IEnumerable<JsonObject> Clones()
    {
        yield return Rule(Allow, ["clone"], "SCMP_CMP_MASKED_EQ", NewNamespaces);
        var none = Rule(Refuse, ["clone3"]);
        none["errnoRet"] = NoSuchCall;
        yield return none;
    }

    /// <param name="comparison">Of the first argument; under a mask all its bits must be zero.</param>
    private static JsonObject Rule(string action, string[] names, string? comparison = null, long value = 0)
    {
        var rule = new JsonObject { ["names"] = WireJson.Array(names.Select(name => (JsonNode)name)), ["action"] = action };
        if (comparison is not null)
        {
            rule["args"] = new JsonArray(new JsonObject { ["index"] = 0, ["value"] = value, ["op"] = comparison });
        }

        return rule;
    }

    // A program of another width than the machine's runs too.
    private static JsonArray Architectures() => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
}
