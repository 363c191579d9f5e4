using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Networks;

/// <summary>What <c>-p</c> and <c>-P</c> asked for. Pure.</summary>
internal static class PortBindings
{
    /// <summary>Port 0: any that is free.</summary>
    public static IReadOnlyList<PortRecord> Of(ContainerRecord record)
    {
        List<PortRecord> wanted = [];
        foreach (var (name, value) in record.HostConfig.Object("PortBindings") ?? [])
        {
            foreach (var binding in value is JsonArray { Count: > 0 } list ? list : [new JsonObject()])
            {
                wanted.Add(PortOf(name) with { HostAddress = binding.String("HostIp") ?? "", HostPort = int.TryParse((binding.String("HostPort") ?? "").Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0 });
            }
        }

        if (record.HostConfig.Boolean("PublishAllPorts") == true)
        {
            wanted.AddRange(Exposed(record).Where(port => !wanted.Any(other => other.ContainerPort == port.ContainerPort && other.Protocol == port.Protocol)));
        }

        return wanted;
    }

    public static IEnumerable<PortRecord> Exposed(ContainerRecord record) => (record.Config.Object("ExposedPorts") ?? []).Select(port => PortOf(port.Key));

    private static PortRecord PortOf(string name)
    {
        var words = name.Split('/');
        return new PortRecord(int.TryParse(words[0].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0, words.Length > 1 ? words[1].ToLowerInvariant() : "tcp", "", 0);
    }
}
