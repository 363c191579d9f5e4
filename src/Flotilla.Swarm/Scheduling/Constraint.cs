using System.Net;
using System.Text.RegularExpressions;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Nodes;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Scheduling;

/// <summary>A placement constraint, e.g. <c>node.labels.zone==east</c>. Values are compared without regard to case.</summary>
internal sealed partial record Constraint(string Key, bool IsEqual, string Value)
{
    private const string NodeLabel = "node.labels.";
    private const string EngineLabel = "engine.labels.";

    /// <exception cref="DockerException">It is none.</exception>
    public static IReadOnlyList<Constraint> ParseAll(IEnumerable<string>? texts) => [.. (texts ?? []).Select(Parse)];

    public static Constraint Parse(string text)
    {
        var at = text.IndexOf("==", StringComparison.Ordinal);
        var isEqual = at >= 0;
        at = isEqual ? at : text.IndexOf("!=", StringComparison.Ordinal);
        if (at < 0)
        {
            throw DockerException.Unknown("constraint expected one operator from ==, !=");
        }

        var (key, value) = (text[..at].Trim(), text[(at + 2)..].Trim());
        return !KeyShape().IsMatch(key) ? throw DockerException.Unknown($"key '{key}' is invalid")
            : !ValueShape().IsMatch(value) ? throw DockerException.Unknown($"value '{value}' is invalid")
            : new Constraint(key, isEqual, value);
    }

    /// <summary>A key that nobody knows matches nothing, whatever the operator.</summary>
    public bool Matches(V1Node node, NodeView view)
    {
        if (Key.Equals("node.ip", StringComparison.OrdinalIgnoreCase))
        {
            return IsAt(NodeView.AddressOf(node)) is { } isThere && isThere == IsEqual;
        }

        return ValueOf(node, view) is { } actual && string.Equals(actual, Value, StringComparison.OrdinalIgnoreCase) == IsEqual;
    }

    /// <summary>What a node has for the key: empty when the label is missing; null when there is no such key.</summary>
    public static string? ValueOf(string key, V1Node node, NodeView view) => new Constraint(key, true, "").ValueOf(node, view);

    private string? ValueOf(V1Node node, NodeView view) => Key.ToLowerInvariant() switch
    {
        "node.id" => SwarmInformers.IdOf(node),
        "node.hostname" => node.Metadata.Name,
        "node.role" => view.IsManager(node) ? "manager" : "worker",
        "node.platform.os" => node.Status?.NodeInfo?.OperatingSystem ?? "linux",
        "node.platform.arch" => Same(Machine.ArchitectureOf(node.Status?.NodeInfo?.Architecture)),
        var key when key.StartsWith(NodeLabel, StringComparison.Ordinal) => Label(NodeView.Labels(node), NodeLabel),
        var key when key.StartsWith(EngineLabel, StringComparison.Ordinal) => Label(NodeView.EngineLabels(node), EngineLabel),
        _ => null,
    };

    // Go's names of architectures are as good as the kernel's.
    private string Same(string architecture) => string.Equals(Machine.ArchitectureOf(Value.ToLowerInvariant()), architecture, StringComparison.OrdinalIgnoreCase) ? Value : architecture;

    private string Label(IReadOnlyDictionary<string, string> labels, string prefix) => labels.GetValueOrDefault(Key[prefix.Length..]) ?? "";

    private bool? IsAt(string address)
    {
        if (!IPAddress.TryParse(address, out var own))
        {
            return null;
        }

        return IPNetwork.TryParse(Value, out var network) ? network.Contains(own) : IPAddress.TryParse(Value, out var wanted) ? wanted.Equals(own) : null;
    }

    [GeneratedRegex(@"^(?i)[a-z_][a-z0-9\-_.]+$", RegexOptions.NonBacktracking)]
    private static partial Regex KeyShape();

    [GeneratedRegex(@"^(?i)[a-z0-9:\-_\s\.\*\(\)\?\+\[\]\\\^\$\|\/]+$", RegexOptions.NonBacktracking)]
    private static partial Regex ValueShape();
}
