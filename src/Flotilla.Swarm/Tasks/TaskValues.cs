using System.Globalization;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Engine;
using Flotilla.Swarm.Templates;
using k8s.Models;

namespace Flotilla.Swarm.Tasks;

/// <summary>What templates see of a task, its service and its node. Pure.</summary>
/// <param name="Slot">For tasks of global services empty: then it is the node's id.</param>
internal sealed record TaskValues(string ServiceId, string ServiceName, IReadOnlyDictionary<string, string> ServiceLabels, string TaskId, string Slot)
{
    /// <param name="node">null: not known yet, all of it is empty.</param>
    public TemplateStruct On(V1Node? node)
    {
        var id = node is null ? "" : SwarmInformers.IdOf(node);
        var slot = Slot.Length > 0 ? Slot : id;
        return new TemplateStruct("*template.Context", new Dictionary<string, object?>
        {
            ["Service"] = Struct(("ID", ServiceId), ("Name", ServiceName), ("Labels", ServiceLabels.ToDictionary(label => label.Key, label => (object?)label.Value))),
            ["Node"] = Struct(("ID", id), ("Hostname", HostnameOf(node)), ("Platform", Struct(
                ("Architecture", node is null ? "" : Machine.ArchitectureOf(node.Status?.NodeInfo?.Architecture)), ("OS", node is null ? "" : node.Status?.NodeInfo?.OperatingSystem ?? "linux")))),
            ["Task"] = Struct(("ID", TaskId), ("Name", string.Create(CultureInfo.InvariantCulture, $"{ServiceName}.{slot}.{TaskId}")), ("Slot", slot)),
        });
    }

    private static string HostnameOf(V1Node? node) => node is null ? "" : node.Metadata.Labels?.TryGetValue("kubernetes.io/hostname", out var name) == true ? name : node.Metadata.Name;

    private static TemplateStruct Struct(params (string Name, object? Value)[] fields) => new("struct", fields.ToDictionary(field => field.Name, field => field.Value));
}
