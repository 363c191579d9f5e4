using System.Globalization;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Ingress.Gateways;

/// <summary>The ports that nodes listen on, as listeners of Gateways name them.</summary>
internal static class OpenPorts
{
    /// <summary>Nodes tell each port as it is named in Gateways, and where it really is when that differs: <c>80=8080</c>.</summary>
    public static IReadOnlySet<int> Of(IEnumerable<V1Node> nodes) => nodes
        .SelectMany(node => node.Metadata.Annotations?.TryGetValue(LoadBalancing.IngressPortsAnnotation, out var ports) == true ? ports.Split(',') : [])
        .Select(port => int.TryParse(port.Split('=')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
        .ToHashSet();

    public static string? Text(IReadOnlyList<int> ports, IngressOptions options) => ports.Count == 0 ? null : string.Join(',', ports.Select(port => TextOf(port, options)));

    private static string TextOf(int port, IngressOptions options)
    {
        var named = port == options.HttpPort ? 80 : port == options.HttpsPort ? 443 : port;
        return named == port ? Number(port) : $"{Number(named)}={Number(port)}";
    }

    private static string Number(int port) => port.ToString(CultureInfo.InvariantCulture);
}
