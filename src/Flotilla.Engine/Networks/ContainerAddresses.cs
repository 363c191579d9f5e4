using System.Net;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Networks;

/// <summary>Under which names containers are found in a network: their own, the beginning of their id and their aliases, with the network's name behind or not. Pure.</summary>
internal static class ContainerAddresses
{
    public static List<IPAddress> Find(IEnumerable<ContainerRecord> running, string network, string name)
    {
        var wanted = name.EndsWith("." + network, StringComparison.OrdinalIgnoreCase) ? name[..^(network.Length + 1)] : name;
        return [.. running.Select(record => (Record: record, Endpoint: record.Networks.GetValueOrDefault(network)))
            .Where(pair => pair.Endpoint is { Address.Length: > 0 } && NamesOf(pair.Record, pair.Endpoint).Any(own => own.Equals(name, StringComparison.OrdinalIgnoreCase) || own.Equals(wanted, StringComparison.OrdinalIgnoreCase)))
            .Select(pair => IPAddress.Parse(pair.Endpoint!.Address))];
    }

    private static IEnumerable<string> NamesOf(ContainerRecord record, EndpointRecord endpoint) => [record.Name, record.Id[..12], .. endpoint.Aliases];
}
