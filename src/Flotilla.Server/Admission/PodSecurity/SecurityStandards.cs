using System.Text.Json.Nodes;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>Which checks a level has in a release, in the order their findings are told: the baseline's first.</summary>
internal static class SecurityStandards
{
    private const int FieldsForSeccomp = 19;
    private const int RestrictedCapabilities = 22;
    private const int RestrictedUser = 23;
    private const int SparesWindows = 25;
    private const int EngineType = 31;
    private const int HostProbes = 34;
    private const int UserNamespaces = 35;

    public static IReadOnlyList<Violation> Check(LevelVersion version, JsonObject? metadata, JsonObject? spec)
    {
        if (version.Level == SecurityLevel.Privileged)
        {
            return [];
        }

        var pod = new CheckedPod(metadata, spec);
        var found = version.Level == SecurityLevel.Baseline ? Baseline(version, pod, overridden: false) : Baseline(version, pod, overridden: true).Concat(Restricted(version, pod));
        return [.. found.OfType<Violation>()];
    }

    /// <param name="overridden">Leaves out what a restricted check covers.</param>
    private static IEnumerable<Violation?> Baseline(LevelVersion version, CheckedPod pod, bool overridden)
    {
        var relaxed = version.IsAtLeast(UserNamespaces) && pod.HasUserNamespace;
        yield return BaselineChecks.AppArmor(pod);
        yield return overridden && version.IsAtLeast(RestrictedCapabilities) ? null : BaselineChecks.Capabilities(pod);
        yield return BaselineChecks.HostNamespaces(pod);
        yield return overridden ? null : BaselineChecks.HostPathVolumes(pod);
        yield return BaselineChecks.HostPorts(pod);
        yield return version.IsAtLeast(HostProbes) ? BaselineChecks.HostProbes(pod) : null;
        yield return BaselineChecks.Privileged(pod);
        yield return relaxed || (overridden && version.IsAtLeast(UserNamespaces)) ? null : BaselineChecks.ProcMount(pod);
        yield return BaselineChecks.SeLinux(pod, version.IsAtLeast(EngineType));
        yield return !version.IsAtLeast(FieldsForSeccomp) ? AnnotationChecks.Seccomp(pod) : overridden ? null : BaselineChecks.Seccomp(pod);
        yield return AnnotationChecks.UnsafeSysctls(pod, version);
        yield return BaselineChecks.WindowsHostProcess(pod);
    }

    private static IEnumerable<Violation?> Restricted(LevelVersion version, CheckedPod pod)
    {
        var (spared, relaxed) = (version.IsAtLeast(SparesWindows) && pod.IsWindows, version.IsAtLeast(UserNamespaces) && pod.HasUserNamespace);
        yield return spared || !version.IsAtLeast(8) ? null : RestrictedChecks.AllowPrivilegeEscalation(pod);
        yield return spared || !version.IsAtLeast(RestrictedCapabilities) ? null : RestrictedChecks.Capabilities(pod);
        yield return version.IsAtLeast(UserNamespaces) ? BaselineChecks.ProcMount(pod) : null;
        yield return RestrictedChecks.Volumes(pod);
        yield return relaxed ? null : RestrictedChecks.RunAsNonRoot(pod);
        yield return relaxed || !version.IsAtLeast(RestrictedUser) ? null : RestrictedChecks.RunAsUser(pod);
        yield return !version.IsAtLeast(FieldsForSeccomp) ? null : spared ? BaselineChecks.Seccomp(pod) : RestrictedChecks.Seccomp(pod);
    }
}
