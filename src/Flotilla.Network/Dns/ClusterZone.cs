using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flotilla.Api;
using Flotilla.Api.Services;
using k8s.Models;

namespace Flotilla.Network.Dns;

/// <summary>
/// The cluster's names (the "DNS-Based Service Discovery" specification): services, headless endpoints, named
/// ports, pods by address, and addresses back to names.
/// </summary>
public sealed class ClusterZone(string domain, IServiceDirectory directory, int ttlSeconds = 5)
{
    private readonly string suffix = "." + domain;
    private readonly ReverseNames reverse = new(domain, directory, ttlSeconds);

    /// <summary>The answer, or null when the name is not the cluster's to tell.</summary>
    public DnsAnswer? Answer(DnsQuery query)
    {
        var name = query.Name;
        if (name != domain && !name.EndsWith(suffix, StringComparison.Ordinal))
        {
            return reverse.Answer(query);
        }

        if (!directory.IsReady)
        {
            return DnsAnswer.Failure(ResponseCode.ServerFailure);
        }

        var labels = name == domain ? [] : name[..^suffix.Length].Split('.');
        var found = labels switch
        {
            [] or ["svc"] or ["pod"] => Match.Empty,
            ["dns-version"] => new Match([DnsRecord.Text(name, "1.1.0", ttlSeconds)]),
            ["dns"] or ["ns", "dns"] => Match.Empty,
            [var ns, "svc" or "pod"] => directory.HasNamespace(ns) ? Match.Empty : null,
            [var address, var ns, "pod"] => Pod(name, address, ns),
            ["tasks", var alias, var network, "swarm"] => Named(query, ["tasks"], $"{alias}.{network}.swarm"),
            [var alias, var network, "swarm"] => Named(query, [], $"{alias}.{network}.swarm"),
            [.. var rest, var service, var ns, "svc"] => Service(query, rest, new ObjectKey(ns, service)),
            _ => null,
        };
        return found is null ? Negative(ResponseCode.NameError) : Select(query, found);
    }

    private DnsAnswer Select(DnsQuery query, Match found)
    {
        var wanted = query.Type == RecordType.Any
            ? found.Records
            : [.. found.Records.Where(record => record.Type == query.Type || record.Type == RecordType.CName)];

        // The name exists but has no such record (AAAA of an IPv4 service): no error, or clients stop searching.
        return wanted.Count == 0 ? Negative(ResponseCode.NoError) : DnsAnswer.Of(wanted, query.Type == RecordType.Srv ? found.Additional : []);
    }

    private DnsAnswer Negative(ResponseCode code) =>
        new(code, [], [DnsRecord.Authority(domain, (uint)DateTimeOffset.UtcNow.ToUnixTimeSeconds(), ttlSeconds)], []);

    private Match? Pod(string name, string dashed, string ns)
    {
        if (!directory.HasNamespace(ns))
        {
            return null;
        }

        var isVersion4 = dashed.Count(letter => letter == '-') == 3 && !dashed.Contains("--", StringComparison.Ordinal);
        var text = dashed.Replace('-', isVersion4 ? '.' : ':');
        return IPAddress.TryParse(text, out var address) ? new Match([DnsRecord.Address(name, address, ttlSeconds)]) : null;
    }

    private Match? Named(DnsQuery query, string[] rest, string name) =>
        directory.ServiceNamed(name) is { } service ? Service(query, rest, new ObjectKey(service.Metadata.NamespaceProperty, service.Metadata.Name)) : null;

    private Match? Service(DnsQuery query, string[] rest, ObjectKey key)
    {
        if (directory.Service(key) is not { } service)
        {
            return null;
        }

        if (service.Spec.Type == "ExternalName")
        {
            return rest.Length == 0 ? new Match([DnsRecord.Alias(query.Name, service.Spec.ExternalName.TrimEnd('.'), ttlSeconds)]) : null;
        }

        var serviceName = $"{key.Name}.{key.Namespace}.svc{suffix}";
        var view = new ServiceView(service, directory.Slices(key), serviceName, ttlSeconds);
        return rest switch
        {
            [] => view.Whole(query),
            ["tasks"] when IsSwarms(service) => view.Tasks(query),
            [var hostname] => view.Endpoint(query, hostname),
            [['_', .. var port], ['_', .. var protocol]] => view.Port(query, port, protocol),
            _ => null,
        };
    }

    private static bool IsSwarms(V1Service service) => service.Metadata.Annotations?.ContainsKey(ServiceAnnotations.DnsNames) == true;

    /// <summary>All records of a name; null instead of a match means that there is no such name.</summary>
    internal sealed record Match(IReadOnlyList<DnsRecord> Records, IReadOnlyList<DnsRecord>? Extra = null)
    {
        public static readonly Match Empty = new([]);

        public IReadOnlyList<DnsRecord> Additional => Extra ?? [];
    }
}
