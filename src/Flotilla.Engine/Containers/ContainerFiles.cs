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

        foreach (var endpoint in record.Networks.Values.Where(endpoint => endpoint.Address.Length > 0))
        {
            text.Append($"{endpoint.Address}\t{hostname}{(record.Config.String("Domainname") is { Length: > 0 } domain ? $".{domain} {hostname}" : "")}\n");
        }

        return text.ToString();
    }

    private string Resolvers(ContainerRecord record)
    {
        var host = record.HostConfig;
        var lines = File.Exists(options.ResolvConf) ? File.ReadAllLines(options.ResolvConf) : [];
        if (record.Networks.Values.FirstOrDefault(endpoint => endpoint.Search.Count > 0) is { } swarm)
        {
            return $"nameserver {options.ClusterDns}\nsearch {string.Join(' ', swarm.Search)}\noptions ndots:5\n";
        }

        var named = record.Networks.Values.Select(endpoint => networks.Find(endpoint.NetworkId)).FirstOrDefault(network => network.HasNames);
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
