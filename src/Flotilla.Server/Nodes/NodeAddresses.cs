using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Nodes;

/// <summary>Where a node's own server listens. Port 0: it has told none.</summary>
internal sealed record NodeAddress(string Node, string Host, int Port)
{
    private static readonly string[] Preferred = ["InternalIP", "ExternalIP", "InternalDNS", "ExternalDNS", "Hostname"];

    /// <summary>By the node's name: <see cref="NodeClient"/> finds the way, and the node's certificate says it.</summary>
    public string Authority => string.Create(CultureInfo.InvariantCulture, $"{Node}:{Port}");

    public string AuthorityOf(string port) => $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{port}";

    /// <exception cref="ApiException">404: there is no such node; 503: it has no address.</exception>
    public static async Task<NodeAddress> FindAsync(ObjectStore objects, string node, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Node, new ObjectKey(null, node), cancellationToken);
        return Of(ObjectStore.Decode(CoreKinds.Node, entry.Value, entry.Modified))
            ?? throw Failures.Unavailable($"no preferred addresses found; known addresses: []");
    }

    /// <summary>Null: the node has told no address.</summary>
    public static NodeAddress? Of(JsonObject node)
    {
        var known = node.Object("status").Objects("addresses").ToLookup(address => address.String("type") ?? "", address => address.String("address") ?? "", StringComparer.Ordinal);
        var host = Preferred.SelectMany(type => known[type]).FirstOrDefault(address => address.Length > 0);
        var port = node.Object("status").Object("daemonEndpoints").Object("kubeletEndpoint").Integer("Port") ?? 0;
        return host is null ? null : new NodeAddress(node.Object("metadata").String("name") ?? "", host, (int)port);
    }
}
