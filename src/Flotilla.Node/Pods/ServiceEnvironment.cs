using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>The variables that tell a container where the services of its namespace are, in both of the historical forms.</summary>
internal static class ServiceEnvironment
{
    /// <param name="links">false: only the API server's.</param>
    public static IEnumerable<KeyValuePair<string, string>> For(string podNamespace, IEnumerable<V1Service> services, bool links) => services
        .Where(service => service.Spec?.ClusterIP is { Length: > 0 } ip && ip != "None" && service.Spec.Ports is { Count: > 0 })
        .Where(service => IsMaster(service) || (links && service.Metadata.NamespaceProperty == podNamespace))
        .OrderBy(service => !IsMaster(service))
        .SelectMany(Variables);

    private static bool IsMaster(V1Service service) => service.Metadata.NamespaceProperty == "default" && service.Metadata.Name == "kubernetes";

    private static IEnumerable<KeyValuePair<string, string>> Variables(V1Service service)
    {
        var name = Variable(service.Metadata.Name);
        var ip = service.Spec.ClusterIP;
        var host = ip.Contains(':') ? $"[{ip}]" : ip;
        var first = service.Spec.Ports[0];
        yield return new($"{name}_SERVICE_HOST", ip);
        yield return new($"{name}_SERVICE_PORT", Text(first.Port));
        foreach (var port in service.Spec.Ports.Where(port => !string.IsNullOrEmpty(port.Name)))
        {
            yield return new($"{name}_SERVICE_PORT_{Variable(port.Name)}", Text(port.Port));
        }
        yield return new($"{name}_PORT", $"{Protocol(first)}://{host}:{first.Port}");
        foreach (var port in service.Spec.Ports)
        {
            var prefix = $"{name}_PORT_{port.Port}_{Protocol(port).ToUpperInvariant()}";
            yield return new(prefix, $"{Protocol(port)}://{host}:{port.Port}");
            yield return new($"{prefix}_PROTO", Protocol(port));
            yield return new($"{prefix}_PORT", Text(port.Port));
            yield return new($"{prefix}_ADDR", ip);
        }
    }

    private static string Protocol(V1ServicePort port) => (port.Protocol ?? "TCP").ToLowerInvariant();

    private static string Variable(string name) => name.ToUpperInvariant().Replace('-', '_');

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
