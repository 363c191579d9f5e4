using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.GoTypes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Security contexts, of pods and of containers.</summary>
internal static partial class SecurityRules
{
    private const int LongestSysctl = 253;
    private const string SysctlPattern = @"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    private static readonly string[] NetworkSysctls = ["net."];
    private static readonly string[] IpcSysctls = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];

    public static IEnumerable<FieldError> CheckPod(JsonObject spec, string path)
    {
        if (spec.Object("securityContext") is not { } context)
        {
            return [];
        }

        return Id(context, "fsGroup", path).Concat(Id(context, "runAsUser", path)).Concat(Id(context, "runAsGroup", path))
            .Concat((context.Array("supplementalGroups") ?? []).SelectMany((group, i) => CheckId(group.AsInteger(), FieldRules.Indexed($"{path}.supplementalGroups", i))))
            .Concat(spec.Boolean("shareProcessNamespace") == true && spec.Boolean("hostPID") == true
                ? [FieldError.Invalid($"{path}.shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled")] : [])
            .Concat(CheckSysctls(context, spec, $"{path}.sysctls"))
            .Concat(FieldRules.OneOf(context, "fsGroupChangePolicy", path, "Always", "OnRootMismatch"))
            .Concat(CheckSeccomp(context.Object("seccompProfile"), $"{path}.seccompProfile"))
            .Concat(WindowsRules.CheckOptions(context.Object("windowsOptions"), $"{path}.windowsOptions"))
            .Concat(CheckAppArmor(context.Object("appArmorProfile"), $"{path}.appArmorProfile"))
            .Concat(FieldRules.OneOf(context, "supplementalGroupsPolicy", path, "Merge", "Strict"))
            .Concat(FieldRules.OneOf(context, "seLinuxChangePolicy", path, "MountOption", "Recursive"));
    }

    public static IEnumerable<FieldError> CheckContainer(JsonObject? context, string path, bool hostUsers) => context is null ? [] :
        Id(context, "runAsUser", path).Concat(Id(context, "runAsGroup", path))
            .Concat(FieldRules.OneOf(context, "procMount", path, "Default", "Unmasked"))
            .Concat(hostUsers && context.String("procMount") == "Unmasked" ? [FieldError.Invalid($"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`")] : [])
            .Concat(CheckSeccomp(context.Object("seccompProfile"), $"{path}.seccompProfile"))
            .Concat(CheckEscalation(context, path))
            .Concat(WindowsRules.CheckOptions(context.Object("windowsOptions"), $"{path}.windowsOptions"))
            .Concat(CheckAppArmor(context.Object("appArmorProfile"), $"{path}.appArmorProfile"));

    private static IEnumerable<FieldError> Id(JsonObject context, string field, string path) => CheckId(context.Integer(field), $"{path}.{field}");

    private static IEnumerable<FieldError> CheckId(long? id, string path)
    {
        if (id is < 0 or > int.MaxValue)
        {
            yield return FieldError.Invalid(path, id.Value, "must be between 0 and 2147483647, inclusive");
        }
    }

    private static IEnumerable<FieldError> CheckEscalation(JsonObject context, string path)
    {
        if (context.Boolean("allowPrivilegeEscalation") != false)
        {
            yield break;
        }

        var shown = GoDifference.Show("SecurityContext", context);
        if (context.Boolean("privileged") == true)
        {
            yield return FieldError.Invalid(path, shown, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }

        foreach (var _ in (context.Object("capabilities").Array("add") ?? []).Where(capability => capability.AsString() == "CAP_SYS_ADMIN"))
        {
            yield return FieldError.Invalid(path, shown, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    private static IEnumerable<FieldError> CheckSysctls(JsonObject context, JsonObject spec, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, i) in context.Objects("sysctls").Select((sysctl, i) => (sysctl.String("name") ?? "", i)))
        {
            var at = $"{FieldRules.Indexed(path, i)}.name";
            if (name.Length == 0)
            {
                yield return FieldError.Required(at);
            }
            else if (name.Length > LongestSysctl || !Sysctl().IsMatch(name))
            {
                yield return FieldError.Invalid(at, name, $"must have at most {LongestSysctl} characters and match regex {SysctlPattern}");
            }
            else if (!seen.Add(name))
            {
                yield return FieldError.Duplicate(at, name);
            }

            if (OfHost(name.Replace('/', '.'), spec) is { } shared)
            {
                yield return FieldError.Invalid(at, name, $"may not be specified when '{shared}' is true") with { Ratchet = Ratchet.HostSysctls };
            }
        }
    }

    // What belongs to a namespace of the host cannot be set for one pod.
    private static string? OfHost(string name, JsonObject spec) =>
        spec.Boolean("hostNetwork") == true && NetworkSysctls.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) ? "hostNetwork"
        : spec.Boolean("hostIPC") == true && IpcSysctls.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) ? "hostIPC" : null;

    private static IEnumerable<FieldError> CheckSeccomp(JsonObject? profile, string path)
    {
        if (profile is null)
        {
            return [];
        }

        var (type, local) = (profile.String("type") ?? "", profile.String("localhostProfile"));
        IEnumerable<FieldError> errors = type switch
        {
            "Localhost" or "RuntimeDefault" or "Unconfined" => [],
            "" => [FieldError.Required($"{path}.type", "type is required when seccompProfile is set")],
            _ => [FieldError.NotSupported($"{path}.type", type, ["Localhost", "RuntimeDefault", "Unconfined"])],
        };
        return errors.Concat((type, local) switch
        {
            ("Localhost", null) => [FieldError.Required($"{path}.localhostProfile", "must be set when seccomp type is Localhost")],
            ("Localhost", _) => PathRules.Descending(local, $"{path}.localhostProfile"),
            (_, not null) => [FieldError.Invalid($"{path}.localhostProfile", new JsonObject { ["Type"] = type, ["LocalhostProfile"] = local }, "can only be set when seccomp type is Localhost")],
            _ => [],
        });
    }

    private static IEnumerable<FieldError> CheckAppArmor(JsonObject? profile, string path)
    {
        var local = profile.String("localhostProfile");
        return profile.String("type") switch
        {
            _ when profile is null => [],
            "Localhost" when local is null || (local.Trim().Length == 0 && local.Length == 0) => [FieldError.Required($"{path}.localhostProfile", "must be set when AppArmor type is Localhost")],
            "Localhost" when local.Trim() != local => [FieldError.Invalid($"{path}.localhostProfile", local, "must not be padded with whitespace")],
            "Localhost" => [],
            "RuntimeDefault" or "Unconfined" => local is null ? [] : [FieldError.Invalid($"{path}.localhostProfile", local, "can only be set when AppArmor type is Localhost")],
            null or "" => [FieldError.Required($"{path}.type", "type is required when appArmorProfile is set")],
            var other => [FieldError.NotSupported($"{path}.type", other, ["Localhost", "RuntimeDefault", "Unconfined"])],
        };
    }

    [GeneratedRegex(SysctlPattern, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sysctl();
}
