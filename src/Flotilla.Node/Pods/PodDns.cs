using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A pod's resolv.conf by its dnsPolicy and dnsConfig.</summary>
internal static class PodDns
{
    public static DNSConfig For(V1Pod pod, NodeOptions options, string hostResolvConf)
    {
        var host = Parse(hostResolvConf);
        var config = pod.Spec.DnsPolicy switch
        {
            "None" => new DNSConfig(),
            "Default" => host,
            "ClusterFirstWithHostNet" => Cluster(pod, options, host),
            _ => pod.IsHostNetwork() ? host : Cluster(pod, options, host),
        };
        if (pod.Spec.DnsConfig is { } own)
        {
            Merge(config, own);
        }
        return config;
    }

    public static DNSConfig Parse(string text)
    {
        var config = new DNSConfig();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..]:
                    config.Servers.Add(server);
                    break;
                case ["search", .. var searches]:
                    config.Searches.Clear();
                    config.Searches.Add(searches.Where(search => search != "."));
                    break;
                case ["options", .. var words2]:
                    config.Options.Add(words2);
                    break;
            }
        }
        return config;
    }

    private static DNSConfig Cluster(V1Pod pod, NodeOptions options, DNSConfig host)
    {
        if (options.ClusterDns.Count == 0)
        {
            return host;
        }
        var domain = options.ClusterDomain;
        var config = new DNSConfig { Options = { "ndots:5" } };
        config.Servers.Add(options.ClusterDns);
        config.Searches.Add(
            ((IEnumerable<string>)[$"{pod.Metadata.NamespaceProperty}.svc.{domain}", $"svc.{domain}", domain, .. host.Searches]).Distinct(StringComparer.Ordinal));
        return config;
    }

    private static void Merge(DNSConfig config, V1PodDNSConfig own)
    {
        config.Servers.Add((own.Nameservers ?? []).Where(server => !config.Servers.Contains(server)).ToList());
        config.Searches.Add((own.Searches ?? []).Where(search => !config.Searches.Contains(search)).ToList());
        foreach (var option in own.Options ?? [])
        {
            var present = config.Options.FirstOrDefault(known => known.Split(':')[0] == option.Name);
            if (present is not null)
            {
                config.Options.Remove(present);
            }
            config.Options.Add(string.IsNullOrEmpty(option.Value) ? option.Name : $"{option.Name}:{option.Value}");
        }
    }
}
