using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>The ports that all endpoints of one slice share.</summary>
internal sealed record PortSet
{
    public static readonly PortSet None = new([]);

    private readonly string identity;
    private readonly List<Discoveryv1EndpointPort> ports;

    private PortSet(List<Discoveryv1EndpointPort> ports)
    {
        this.ports = ports;
        identity = string.Join(';', ports
            .Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}")
            .Order(StringComparer.Ordinal));
    }

    public static PortSet For(V1Service service, V1Pod pod)
    {
        var ports = new List<Discoveryv1EndpointPort>();
        foreach (var port in service.Spec.Ports ?? [])
        {
            if (ServicePods.TargetPort(service, port, pod) is { } number)
            {
                ports.Add(new Discoveryv1EndpointPort
                {
                    Name = port.Name ?? "",
                    Protocol = port.Protocol ?? "TCP",
                    Port = number,
                    AppProtocol = port.AppProtocol,
                });
            }
        }

        return new PortSet(ports);
    }

    public static PortSet Of(V1EndpointSlice slice) => new([.. slice.Ports ?? []]);

    public List<Discoveryv1EndpointPort> ToList() => ports;

    public bool Equals(PortSet? other) => identity == other?.identity;

    public override int GetHashCode() => identity.GetHashCode(StringComparison.Ordinal);
}
