using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Quantities;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Members;
using Flotilla.Swarm.Swarms;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Nodes;

/// <summary>Nodes of the cluster as nodes of a swarm: machines with a server are its managers.</summary>
/// <param name="Servers">Addresses of the servers that answer.</param>
/// <param name="Leader">The name of the server that leads; null: none does at present.</param>
internal sealed record NodeView(IReadOnlySet<string> Servers, string? Leader, SwarmContext Context)
{
    private const int ManagerPort = 2377;
    private static readonly ObjectKey ServersKey = new("default", "kubernetes");
    private readonly IReadOnlyList<TrustedAuthority> authorities = Context.Trusted;

    /// <summary>Whether the slice tells which servers answer; all others are of services.</summary>
    public static bool IsOfServers(V1EndpointSlice slice) => slice.Key() == ServersKey;

    public static NodeView From(SwarmInformers known, SwarmContext context) => new(
        (known.ServerSlices.Get(ServersKey)?.Endpoints ?? []).SelectMany(endpoint => endpoint.Addresses).ToHashSet(StringComparer.Ordinal),
        known.Leader,
        context);

    /// <summary>It runs a server of the cluster, whether that answers or not.</summary>
    public bool IsManager(V1Node node) => IsReachable(node) || node.Metadata.Labels?.ContainsKey(ServerLeases.NodeLabel) == true;

    /// <summary>It runs a server that answers.</summary>
    public bool IsReachable(V1Node node) => node.Metadata.Name == Context.Options.NodeName || (AddressOf(node) is { Length: > 0 } address && Servers.Contains(address));

    public string ManagerAddress(V1Node node) =>
        node.Metadata.Name == Context.Options.NodeName && Context.Swarm?.Network.AdvertiseAddress is { } told
            ? told
            : string.Create(CultureInfo.InvariantCulture, $"{AddressOf(node)}:{ManagerPort}");

    public static string AddressOf(V1Node node) => node.Status?.Addresses?.FirstOrDefault(address => address.Type == "InternalIP")?.Address ?? "";

    public static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    /// <summary><c>kubectl cordon</c> is Swarm's pause.</summary>
    public static string Availability(V1Node node) =>
        node.Spec?.Unschedulable != true ? "active" : SpecOf(node)?["Availability"]?.GetValue<string>() == "drain" ? "drain" : "pause";

    /// <summary>The labels of the node's spec.</summary>
    public static IReadOnlyDictionary<string, string> Labels(V1Node node) =>
        SpecOf(node)?["Labels"] is JsonObject labels ? labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal) : new Dictionary<string, string>();

    /// <summary>The labels that the node has in Kubernetes are those of its engine.</summary>
    public static IReadOnlyDictionary<string, string> EngineLabels(V1Node node) => (node.Metadata.Labels ?? new Dictionary<string, string>())
        .Where(label => !label.Key.StartsWith(SwarmApi.NodeLabelPrefix, StringComparison.Ordinal)).ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);

    public static long VersionOf(V1Node node) =>
        node.Metadata.Annotations?.TryGetValue(SwarmApi.SpecVersion, out var text) == true && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 1;

    public JsonObject Of(V1Node node)
    {
        var updated = node.Metadata.Annotations?.TryGetValue(SwarmApi.UpdatedAt, out var at) == true ? JsonValue.Create(at) : JsonValue.Create(node.Metadata.CreationTimestamp);
        var value = new JsonObject
        {
            ["ID"] = SwarmInformers.IdOf(node),
            ["Version"] = new JsonObject { ["Index"] = VersionOf(node) },
            ["CreatedAt"] = node.Metadata.CreationTimestamp,
            ["UpdatedAt"] = updated,
            ["Spec"] = Spec(node),
            ["Description"] = Description(node),
            ["Status"] = new JsonObject { ["State"] = IsReady(node) && Membership.IsMember(node) ? "ready" : "down", ["Addr"] = AddressOf(node) },
        };
        if (!IsReady(node) && Membership.IsMember(node))
        {
            value["Status"]!["Message"] = "heartbeat failure";
        }

        if (IsManager(node))
        {
            value["ManagerStatus"] = new JsonObject
            {
                ["Leader"] = true,
                ["Reachability"] = IsReachable(node) ? "reachable" : "unreachable",
                ["Addr"] = ManagerAddress(node),
            };
            if (node.Metadata.Name != Leader || !IsReachable(node))
            {
                value["ManagerStatus"]!.AsObject().Remove("Leader");
            }
        }

        return value;
    }

    private JsonObject Spec(V1Node node)
    {
        var spec = SpecOf(node) is { } kept ? (JsonObject)kept.DeepClone() : new JsonObject { ["Labels"] = new JsonObject() };
        spec["Role"] = IsManager(node) ? "manager" : "worker";
        spec["Availability"] = Availability(node);
        return spec;
    }

    private JsonObject Description(V1Node node)
    {
        var info = node.Status?.NodeInfo;
        return new JsonObject
        {
            ["Hostname"] = node.Metadata.Labels?.TryGetValue("kubernetes.io/hostname", out var host) == true ? host : node.Metadata.Name,
            ["Platform"] = new JsonObject { ["Architecture"] = Machine.ArchitectureOf(info?.Architecture), ["OS"] = info?.OperatingSystem ?? "linux" },
            ["Resources"] = Resources(node),
            ["Engine"] = new JsonObject
            {
                ["EngineVersion"] = Context.Options.Version,
                ["Labels"] = WireJson.Map(EngineLabels(node)),
                ["Plugins"] = new JsonArray([
                    .. LogDrivers.Plugins.Select(driver => Plugin("Log", driver)), Plugin("Network", "bridge"), Plugin("Network", "host"), Plugin("Network", "null"), Plugin("Network", "overlay"), Plugin("Volume", "local")]),
            },
            ["TLSInfo"] = TrustedAuthority.TlsOf(NodeTrust.Of(node), IsManager(node), authorities),
        };
    }

    private static JsonObject Resources(V1Node node)
    {
        var all = new JsonObject { ["NanoCPUs"] = Amount(node, "cpu", nano: true), ["MemoryBytes"] = Amount(node, "memory", nano: false) };
        var generic = (node.Status?.Capacity ?? new Dictionary<string, ResourceQuantity>()).Where(amount => GenericResources.KindOf(amount.Key) is not null)
            .Select(amount => new JsonObject { ["DiscreteResourceSpec"] = new JsonObject { ["Kind"] = GenericResources.KindOf(amount.Key), ["Value"] = Amount(node, amount.Key, nano: false) } }).ToList();
        if (generic.Count > 0)
        {
            all["GenericResources"] = WireJson.Array(generic);
        }

        return all;
    }

    private static JsonObject Plugin(string type, string name) => new() { ["Type"] = type, ["Name"] = name };

    private static long Amount(V1Node node, string resource, bool nano)
    {
        if (node.Status?.Capacity?.TryGetValue(resource, out var amount) != true || amount is null)
        {
            return 0;
        }

        var quantity = Quantity.Parse(amount.ToString());
        return nano ? (long)quantity.MilliValue * 1_000_000 : (long)quantity.Value;
    }

    private static JsonObject? SpecOf(V1Node node)
    {
        try
        {
            return node.Metadata.Annotations?.TryGetValue(SwarmApi.Spec, out var text) == true ? JsonNode.Parse(text) as JsonObject : null;
        }
        catch (JsonException)
        {
            // Somebody else wrote it.
            return null;
        }
    }
}
