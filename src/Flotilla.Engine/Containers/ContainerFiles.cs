using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Networks;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Containers;

/// <summary>The files of a container that are not its image's: names, resolvers, an init program.</summary>
internal sealed class ContainerFiles(EngineOptions options, NetworkStore networks, ContainerStore containers)
{
    private const string HostGateway = "host-gateway";

    /// <returns>Destination and source.</returns>
    public async Task<IReadOnlyList<(string Destination, string Source)>> WriteAsync(Container container, string hostname, CancellationToken cancellationToken)
    {
        List<(string, string)> files = [];
        if (container.Record.HostConfig.Boolean("Init") == true)
        {
            files.Add((InitProgram.Path, InitProgram.Find()));
        }

        // Who is in another's network reads what that one reads.
        var owner = container.Record.NetworkMode.StartsWith("container:", StringComparison.Ordinal) ? containers.Find(container.Record.NetworkMode["container:".Length..]) : container;
        if (owner == container)
        {
            Directory.CreateDirectory(container.Directory);
            await File.WriteAllTextAsync(PathOf(owner, "hosts"), Hosts(container.Record, hostname), cancellationToken);
            await File.WriteAllTextAsync(PathOf(owner, "hostname"), hostname + "\n", cancellationToken);
            await File.WriteAllTextAsync(PathOf(owner, "resolv.conf"), Resolvers(container.Record), cancellationToken);
        }

        files.AddRange([("/etc/hosts", PathOf(owner, "hosts")), ("/etc/hostname", PathOf(owner, "hostname")), ("/etc/resolv.conf", PathOf(owner, "resolv.conf"))]);
        return files;
    }

    /// <summary>Names and resolvers after a change of the networks of a container that runs. What the container wrote itself into its files stays.</summary>
    public async Task FollowAsync(Container container, Func<Task> changeAsync, CancellationToken cancellationToken)
    {
        var (resolvers, addresses) = (Resolvers(container.Record), AddressesOf(container.Record));
        await changeAsync();
        var (hosts, path) = (PathOf(container, "hosts"), PathOf(container, "resolv.conf"));
        if (!File.Exists(hosts) || !File.Exists(path))
        {
            return;
        }

        var hostname = (await File.ReadAllTextAsync(PathOf(container, "hostname"), cancellationToken)).Trim();
        var now = AddressesOf(container.Record);
        var lines = (await File.ReadAllLinesAsync(hosts, cancellationToken)).Where(line => !addresses.Except(now).Contains(line.Split('\t')[0]))
            .Concat(now.Except(addresses).Select(address => HostLine(container.Record, address, hostname)));

        // Both are mounted: a file that takes their place would not be seen.
        await File.WriteAllTextAsync(hosts, string.Concat(lines.Select(line => line + "\n")), cancellationToken);
        if (await File.ReadAllTextAsync(path, cancellationToken) == resolvers)
        {
            await File.WriteAllTextAsync(path, Resolvers(container.Record), cancellationToken);
        }
    }

    public static string PathOf(Container container, string name) => Path.Combine(container.Directory, name);

    private string Hosts(ContainerRecord record, string hostname)
    {
        var text = new StringBuilder();
        if (record.NetworkMode == Docker.BuiltInNetworks.Host && File.Exists("/etc/hosts"))
        {
            text.Append(File.ReadAllText("/etc/hosts"));
        }
        else
        {
            text.Append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        }

        var bridge = networks.Find(Docker.BuiltInNetworks.Bridge);
        foreach (var extra in record.HostConfig.Array("ExtraHosts")?.Select(line => line.AsString() ?? "") ?? [])
        {
            var at = extra.IndexOfAny([':', '=']);
            var address = extra[(at + 1)..];
            text.Append($"{(address == HostGateway ? bridge.Gateway : address)}\t{extra[..at]}\n");
        }

        return text.AppendJoin("", AddressesOf(record).Select(address => HostLine(record, address, hostname) + "\n")).ToString();
    }

    private static List<string> AddressesOf(ContainerRecord record) => [.. record.Networks.Values.Select(endpoint => endpoint.Address).Where(address => address.Length > 0).Distinct(StringComparer.Ordinal)];

    private static string HostLine(ContainerRecord record, string address, string hostname) =>
        $"{address}\t{hostname}{(record.Config.String("Domainname") is { Length: > 0 } domain ? $".{domain} {hostname}" : "")}";

    private string Resolvers(ContainerRecord record)
    {
        var host = record.HostConfig;
        var lines = File.Exists(options.ResolvConf) ? File.ReadAllLines(options.ResolvConf) : [];
        var named = record.Networks.Values.Select(endpoint => networks.TryFind(endpoint.NetworkId)).FirstOrDefault(network => network is { HasNames: true });
        if (record.Networks.Values.FirstOrDefault(endpoint => endpoint.Search.Count > 0) is { } swarm)
        {
            // Who knows the names of a network of this machine asks the cluster for all others.
            return $"nameserver {named?.Gateway ?? options.ClusterDns.ToString()}\nsearch {string.Join(' ', swarm.Search)}\noptions ndots:5\n";
        }

        List<string> servers = named is not null ? [named.Gateway] : [.. Words(host, "Dns")];
        if (servers.Count == 0)
        {
            // The machine's loopback is another one in the container; cluster DNS asks whom the machine asks.
            servers = [.. lines.Where(line => line.StartsWith("nameserver ", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];
            servers = record.NetworkMode != Docker.BuiltInNetworks.Host && !servers.Exists(server => !server.StartsWith("127.", StringComparison.Ordinal) && server != "::1") ? [options.ClusterDns.ToString()] : servers;
        }

        var search = Words(host, "DnsSearch").ToList() is { Count: > 0 } given ? string.Join(' ', given.Where(domain => domain != ".")) : lines.FirstOrDefault(line => line.StartsWith("search ", StringComparison.Ordinal))?["search ".Length..] ?? "";
        var settings = string.Join(' ', Words(host, "DnsOptions"));
        return string.Concat(servers.Select(server => $"nameserver {server}\n")) + (search.Length > 0 ? $"search {search}\n" : "") + (settings.Length > 0 ? $"options {settings}\n" : "");
    }

    private static IEnumerable<string> Words(JsonObject host, string name) => host.Array(name)?.Select(word => word.AsString() ?? "") ?? [];
}
