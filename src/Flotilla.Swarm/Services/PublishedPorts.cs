using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Docker;

namespace Flotilla.Swarm.Services;

/// <summary>A port of the ingress belongs to one service.</summary>
internal static class PublishedPorts
{
    /// <exception cref="DockerException">Another one has it.</exception>
    public static void Check(ServiceSpec spec, SwarmService? own, SwarmInformers known)
    {
        foreach (var port in Ingress(spec))
        {
            var other = known.Services.List().FirstOrDefault(other => other.Metadata.DeletionTimestamp is null && other.Metadata.Uid != own?.Metadata.Uid
                && Ingress(other.Read).Any(taken => taken.PublishedPort == port.PublishedPort && taken.Transport == port.Transport));
            if (other is not null)
            {
                throw DockerException.Invalid($"port '{port.PublishedPort}' is already in use by service '{other.Name}' ({SwarmInformers.IdOf(other)}) as an ingress port");
            }
        }
    }

    private static IEnumerable<PortConfig> Ingress(ServiceSpec spec) => (spec.EndpointSpec?.Ports ?? []).Where(port => !port.IsHost && port.PublishedPort > 0);
}
