using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using static Flotilla.Server.Admission.PodSecurity.Violation;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>The Pod Security Standards' baseline: known ways out of a container are closed. Each returns null when all is well.</summary>
internal static class BaselineChecks
{
    private const string AppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

    private static readonly string[] DefaultCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    public static Violation? AppArmor(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => context.Object("appArmorProfile") is { } profile && profile.String("type") is not ("RuntimeDefault" or "Localhost");
        static string Type(JsonObject? context) => context.Object("appArmorProfile").String("type") ?? "";
        var containers = pod.Where(IsBad);
        var values = pod.Containers.Select(container => container.Object("securityContext")).Append(pod.Security).Where(IsBad).Select(Type).Distinct().Order(StringComparer.Ordinal).ToList();
        var annotations = (pod.Annotations ?? [])
            .Where(pair => pair.Key.StartsWith(AppArmorPrefix, StringComparison.Ordinal) && pair.Value.AsString() is { Length: > 0 } value && value != "runtime/default" && !value.StartsWith("localhost/", StringComparison.Ordinal))
            .Select(pair => $"{pair.Key}=\"{pair.Value.AsString()}\"").Order(StringComparer.Ordinal).ToList();
        values.AddRange(annotations);
        if (values.Count == 0)
        {
            return null;
        }

        var setters = Setters(IsBad(pod.Security), containers);
        if (annotations.Count > 0)
        {
            setters = string.Join(" and ", new[] { setters, Plural(annotations.Count, "annotation", "annotations") }.Where(part => part.Length > 0));
        }

        return new Violation(Plural(values.Count, "forbidden AppArmor profile", "forbidden AppArmor profiles"), $"{setters} must not set AppArmor profile type to {Quote(values)}");
    }

    public static Violation? Capabilities(CheckedPod pod)
    {
        static IEnumerable<string> Bad(JsonObject? context) => Added(context).Where(name => !DefaultCapabilities.Contains(name));
        var containers = pod.Where(context => Bad(context).Any());
        return containers.Count == 0 ? null : new Violation(
            "non-default capabilities",
            $"{Containers(containers)} must not include {QuoteSet(pod.Containers.SelectMany(container => Bad(container.Object("securityContext"))))} in securityContext.capabilities.add");
    }

    public static Violation? HostNamespaces(CheckedPod pod)
    {
        var shared = new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(name => pod.Spec.Boolean(name) == true).Select(name => $"{name}=true").ToList();
        return shared.Count == 0 ? null : new Violation("host namespaces", string.Join(", ", shared));
    }

    public static Violation? HostPathVolumes(CheckedPod pod)
    {
        var volumes = pod.Spec.Objects("volumes").Where(volume => volume.Object("hostPath") is not null).Select(CheckedPod.NameOf).ToList();
        return volumes.Count == 0 ? null : new Violation("hostPath volumes", $"{Plural(volumes.Count, "volume", "volumes")} {Quote(volumes)}");
    }

    public static Violation? HostPorts(CheckedPod pod)
    {
        static IEnumerable<string> Bad(JsonObject container) => container.Objects("ports").Select(port => port.Integer("hostPort") ?? 0).Where(port => port != 0).Select(port => port.ToString(CultureInfo.InvariantCulture));
        var containers = pod.Containers.Where(container => Bad(container).Any()).Select(CheckedPod.NameOf).ToList();
        var ports = pod.Containers.SelectMany(Bad).Distinct().Order(StringComparer.Ordinal).ToList();
        return containers.Count == 0 ? null : new Violation(
            "hostPort", $"{Containers(containers)} {Plural(containers.Count, "uses", "use")} {Plural(ports.Count, "hostPort", "hostPorts")} {string.Join(", ", ports)}");
    }

    public static Violation? HostProbes(CheckedPod pod)
    {
        static IEnumerable<string> Bad(JsonObject container) =>
            new[] { container.Object("livenessProbe"), container.Object("readinessProbe"), container.Object("startupProbe"), container.Object("lifecycle").Object("postStart"), container.Object("lifecycle").Object("preStop") }
                .SelectMany(handler => new[] { handler.Object("httpGet").String("host"), handler.Object("tcpSocket").String("host") })
                .OfType<string>().Where(name => name.Length > 0);
        var containers = pod.Containers.Where(container => Bad(container).Any()).Select(CheckedPod.NameOf).Distinct().Order(StringComparer.Ordinal).ToList();
        var hosts = pod.Containers.SelectMany(Bad).Distinct().Order(StringComparer.Ordinal).ToList();
        return containers.Count == 0 ? null : new Violation(
            "probe or lifecycle host", $"{Containers(containers)} {Plural(containers.Count, "uses", "use")} {Plural(hosts.Count, "probe or lifecycle host", "probe or lifecycle hosts")} {Quote(hosts)}");
    }

    public static Violation? Privileged(CheckedPod pod)
    {
        var containers = pod.Where(context => context.Boolean("privileged") == true);
        return containers.Count == 0 ? null : new Violation("privileged", $"{Containers(containers)} must not set securityContext.privileged=true");
    }

    public static Violation? ProcMount(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => context.String("procMount") is { } mount && mount != "Default";
        var containers = pod.Where(IsBad);
        return containers.Count == 0 ? null : new Violation(
            "procMount",
            $"{Containers(containers)} must not set securityContext.procMount to {QuoteSet(pod.Containers.Select(container => container.Object("securityContext")).Where(IsBad).Select(context => context.String("procMount")!))}");
    }

    public static Violation? SeLinux(CheckedPod pod, bool withEngineType)
    {
        bool IsBadType(string? type) => !(type is null or "" or "container_t" or "container_init_t" or "container_kvm_t" || (withEngineType && type == "container_engine_t"));
        bool IsBad(JsonObject? context) => context.Object("seLinuxOptions") is { } options && (IsBadType(options.String("type")) || options.String("user") is { Length: > 0 } || options.String("role") is { Length: > 0 });
        var containers = pod.Where(IsBad);
        var setters = Setters(IsBad(pod.Security), containers);
        if (setters.Length == 0)
        {
            return null;
        }

        var options = pod.Containers.Select(container => container.Object("securityContext")).Append(pod.Security).Select(context => context.Object("seLinuxOptions")).ToList();
        var types = options.Select(option => option.String("type")).Where(IsBadType).Select(type => type!).Distinct().Order(StringComparer.Ordinal).ToList();
        var data = new List<string>();
        if (types.Count > 0)
        {
            data.Add($"{Plural(types.Count, "type", "types")} {Quote(types)}");
        }

        data.AddRange(new[] { "user", "role" }.Where(field => options.Any(option => option.String(field) is { Length: > 0 })).Select(field => $"{field} may not be set"));
        return new Violation("seLinuxOptions", $"{setters} set forbidden securityContext.seLinuxOptions: {string.Join("; ", data)}");
    }

    public static Violation? Seccomp(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => SeccompType(context) is { } type && !IsAllowedSeccomp(type);
        var setters = Setters(IsBad(pod.Security), pod.Where(IsBad));
        return setters.Length == 0 ? null : new Violation(
            "seccompProfile",
            $"{setters} must not set securityContext.seccompProfile.type to {QuoteSet(pod.Containers.Select(container => container.Object("securityContext")).Append(pod.Security).Where(IsBad).Select(context => SeccompType(context)!))}");
    }

    public static Violation? WindowsHostProcess(CheckedPod pod)
    {
        static bool IsBad(JsonObject? context) => context.Object("windowsOptions").Boolean("hostProcess") == true;
        var setters = Setters(IsBad(pod.Security), pod.Where(IsBad));
        return setters.Length == 0 ? null : new Violation("hostProcess", $"{setters} must not set securityContext.windowsOptions.hostProcess=true");
    }

    internal static string? SeccompType(JsonObject? context) => context.Object("seccompProfile") is { } profile ? profile.String("type") ?? "" : null;

    internal static bool IsAllowedSeccomp(string type) => type is "RuntimeDefault" or "Localhost";

    internal static IEnumerable<string> Added(JsonObject? context) => context.Object("capabilities").Array("add")?.Select(node => node.AsString() ?? "") ?? [];
}
