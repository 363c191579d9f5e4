using Flotilla.Api.Nodes;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Pods for other operating systems.</summary>
internal sealed class SystemCheck : IAdmissionCheck
{
    private const string Label = "kubernetes.io/os";
    private const string Here = "linux";

    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        if (pod.Spec.NodeSelector?.TryGetValue(Label, out var wanted) == true && wanted != Here)
        {
            return new Rejection("PodOSSelectorNodeLabelDoesNotMatch", "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
        }
        return pod.Spec.Os?.Name is null or Here ? null : new Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
    }
}

/// <summary>Pods that ask for labels which the node does not have.</summary>
internal sealed class AffinityCheck : IAdmissionCheck
{
    public Rejection? Check(V1Pod pod, AdmissionView view) =>
        view.Node is { } node && !NodeSelection.Matches(pod.Spec, node)
            ? new Rejection("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
            : null;
}

/// <summary>Pods that do not tolerate a taint under which nothing may run here. What runs from a file stays.</summary>
internal sealed class TaintCheck : IAdmissionCheck
{
    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        var taint = StaticPods.IsStatic(pod) ? null : (view.Node?.Spec?.Taints ?? []).FirstOrDefault(taint => taint.Effect == "NoExecute" && !Tolerations.Tolerate(pod.Spec.Tolerations, taint));
        return taint is null ? null : new Rejection("TaintToleration", "Predicate TaintToleration failed: node(s) had untolerated taint(s)");
    }
}

/// <summary>Pods that want ports of the node which others have.</summary>
internal sealed class PortCheck : IAdmissionCheck
{
    private const string Anywhere = "0.0.0.0";

    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        var taken = view.Others.SelectMany(PortsOf).ToList();
        return PortsOf(pod).Any(port => taken.Exists(other => Conflict(port, other)))
            ? new Rejection("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
            : null;
    }

    private static IEnumerable<(string Address, string Protocol, int Port)> PortsOf(V1Pod pod) =>
        pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(container => container.IsSidecar()))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => (string.IsNullOrEmpty(port.HostIP) ? Anywhere : port.HostIP, port.Protocol ?? "TCP", port.HostPort!.Value));

    private static bool Conflict((string Address, string Protocol, int Port) one, (string Address, string Protocol, int Port) other) =>
        (one.Protocol, one.Port) == (other.Protocol, other.Port) && (one.Address == other.Address || one.Address == Anywhere || other.Address == Anywhere);
}

/// <summary>Pods that want no groups but those they name, which runtimes before CRI 1.31 cannot promise.</summary>
internal sealed class GroupsCheck : IAdmissionCheck
{
    public Rejection? Check(V1Pod pod, AdmissionView view) => pod.Spec.SecurityContext?.SupplementalGroupsPolicy == "Strict" && view.Node?.Status?.Features?.SupplementalGroupsPolicy != true
        ? new Rejection("SupplementalGroupsPolicyNotSupported", "SupplementalGroupsPolicy=Strict is not supported in this node")
        : null;
}

/// <summary>Profiles that nothing enforces here.</summary>
internal sealed class AppArmorCheck : IAdmissionCheck
{
    private const string Switch = "/sys/module/apparmor/parameters/enabled";
    private static readonly bool IsEnabled = File.Exists(Switch) && File.ReadAllText(Switch).StartsWith('Y');

    public Rejection? Check(V1Pod pod, AdmissionView view)
    {
        var profiles = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).Select(container => container.SecurityContext?.AppArmorProfile).Append(pod.Spec.SecurityContext?.AppArmorProfile);
        return !IsEnabled && profiles.Any(profile => profile is not null && profile.Type != "Unconfined")
            ? new Rejection("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
            : null;
    }
}
