using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Docker;

namespace Flotilla.Swarm.Networks;

/// <summary>One network as Docker's Network; those that every engine has are not kept.</summary>
/// <param name="Object">null: built in.</param>
internal sealed record NetworkEntry(string Id, string Name, string Scope, string Driver, JsonObject Spec, SwarmNetworkObject? Object);

/// <summary>The networks there are: the user's overlays, the ingress, and the three of every machine.</summary>
internal static class SwarmNetworks
{
    public const string Ingress = "ingress";

    /// <summary>The machine's own network.</summary>
    public static readonly string HostId = BuiltInNetworks.IdOf(BuiltInNetworks.Host);

    public static IReadOnlyList<NetworkEntry> All(SwarmInformers? known)
    {
        List<NetworkEntry> all =
        [
            BuiltIn(BuiltInNetworks.Bridge, "bridge", "local"),
            BuiltIn(BuiltInNetworks.Host, "host", "local"),
            BuiltIn(BuiltInNetworks.None, "null", "local"),
        ];
        if (known?.Swarm is { } swarm)
        {
            all.Add(IngressOf(swarm));
            all.AddRange(known.Networks.List().Where(network => network.Metadata.DeletionTimestamp is null).Select(Of));
        }

        return all;
    }

    public static NetworkEntry Of(SwarmNetworkObject network)
    {
        var spec = WireJson.Node(network.Spec) as JsonObject ?? [];
        return new NetworkEntry(SwarmInformers.IdOf(network), spec.String("Name") ?? network.Metadata.Name, "swarm", spec.String("Driver") is { Length: > 0 } driver ? driver : "overlay", spec, network);
    }

    /// <summary>Those of the swarm, as plain containers see them.</summary>
    public static IReadOnlyList<SwarmNetwork> Shared(SwarmInformers? known) => [.. All(known).Where(network => network.Scope == "swarm")
        .Select(network => new SwarmNetwork(network.Id, network.Name, network.Spec.Boolean("Attachable") == true, network.Spec.Boolean("Internal") == true))];

    /// <summary>The id that a service's spec keeps.</summary>
    /// <exception cref="DockerException">There is no such network, or services cannot be in it.</exception>
    public static string FindForService(string word, SwarmInformers known)
    {
        var network = Find(word, All(known));
        return network.Name == Ingress && network.Object is null
            ? throw DockerException.Invalid("Service cannot be explicitly attached to the ingress network \"ingress\"")
            : network is { Scope: "local", Name: not "host" }
            ? throw new DockerException(403, $"rpc error: code = PermissionDenied desc = network {network.Name} cannot be used with services. Only networks scoped to the swarm can be used, such as those created with the overlay driver.")
            : network.Id;
    }

    public static NetworkEntry Find(string word, IReadOnlyList<NetworkEntry> all) => Lookup.Find("network", word, all, network => network.Id, network => network.Name);

    /// <summary>The next subnet of the swarm's pool that nobody has.</summary>
    public static string NextSubnet(SwarmInformers known)
    {
        var swarm = known.Swarm!.Network;
        var taken = All(known).SelectMany(network => network.Spec.Object("IPAM").Objects("Config")).Select(range => range.String("Subnet")).OfType<string>()
            .Select(text => IPNetwork.TryParse(text, out var network) ? network : default).ToList();
        foreach (var pool in swarm.DefaultAddressPool.Select(IPNetwork.Parse))
        {
            var step = 1u << (32 - swarm.SubnetSize);
            var first = Number(pool.BaseAddress);
            var count = pool.PrefixLength > swarm.SubnetSize ? 0 : 1L << (swarm.SubnetSize - pool.PrefixLength);
            for (var i = 0L; i < count; i++)
            {
                var candidate = new IPNetwork(Address(first + ((uint)i * step)), swarm.SubnetSize);
                if (!taken.Any(other => other.Contains(candidate.BaseAddress) || candidate.Contains(other.BaseAddress)))
                {
                    return candidate.ToString();
                }
            }
        }

        throw new DockerException(500, "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network");
    }

    public static string GatewayOf(string subnet) => Address(Number(IPNetwork.Parse(subnet).BaseAddress) + 1).ToString();

    private static NetworkEntry IngressOf(Swarms.SwarmObject swarm) => new(
        SwarmId.Of(SwarmInformers.IdOf(swarm) + "/ingress"), Ingress, "swarm", "overlay",
        new JsonObject
        {
            ["Ingress"] = true,
            ["IPAM"] = new JsonObject { ["Driver"] = "default", ["Config"] = new JsonArray(new JsonObject { ["Subnet"] = "10.0.0.0/24", ["Gateway"] = "10.0.0.1" }) },
        },
        null);

    private static NetworkEntry BuiltIn(string name, string driver, string scope) => new(
        BuiltInNetworks.IdOf(name), name, scope, driver,
        new JsonObject { ["IPAM"] = new JsonObject { ["Driver"] = "default", ["Config"] = new JsonArray() } }, null);

    private static uint Number(IPAddress address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress Address(uint number)
    {
        var bytes = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
