using System.Text;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>The text of a pod's /etc/hosts.</summary>
internal static class HostsFile
{
    public static string For(V1Pod pod, IReadOnlyList<string> ips, string clusterDomain, string hostFile)
    {
        var text = new StringBuilder();
        if (pod.IsHostNetwork())
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(hostFile);
        }
        else
        {
            text.Append("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
            text.Append("fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
            var name = HostName.Of(pod);
            var full = string.IsNullOrEmpty(pod.Spec.Subdomain) ? "" : $"{name}.{pod.Spec.Subdomain}.{pod.Metadata.NamespaceProperty}.svc.{clusterDomain}\t";
            foreach (var ip in ips)
            {
                text.Append(ip).Append('\t').Append(full).Append(name).Append('\n');
            }
        }
        if (pod.Spec.HostAliases is { Count: > 0 } aliases)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var alias in aliases)
            {
                text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames ?? []).Append('\n');
            }
        }
        return text.ToString();
    }
}

internal static class HostName
{
    private const int MaxLength = 63;

    public static string Of(V1Pod pod)
    {
        var name = string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name : pod.Spec.Hostname;
        return name.Length <= MaxLength ? name : name[..MaxLength].TrimEnd('-', '.');
    }
}
