using System.Net;

namespace Flotilla.Docker;

/// <summary>A network of the swarm, as containers of a machine see it.</summary>
public sealed record SwarmNetwork(string Id, string Name, bool IsAttachable, bool IsInternal);

/// <summary>Where a container is in networks of the swarm.</summary>
/// <param name="Sandbox">The id, for the container runtime, of what holds its network: a namespace that is joined.</param>
/// <param name="Search">Domains in which names of these networks are.</param>
public sealed record SwarmPlace(IPAddress Address, string Sandbox, IReadOnlyList<string> Search);

/// <summary>The swarm's networks for plain containers of a machine.</summary>
public interface ISwarmNetworks
{
    /// <returns>null: the swarm has none of that name or id, or there is no swarm.</returns>
    Task<SwarmNetwork?> FindAsync(string word, CancellationToken cancellationToken);

    /// <summary>A place in these networks, made anew.</summary>
    /// <param name="container">Its id.</param>
    /// <param name="names">How others in these networks call it.</param>
    /// <exception cref="DockerException">There is none.</exception>
    Task<SwarmPlace> AttachAsync(string container, IReadOnlyList<SwarmNetwork> networks, IReadOnlyList<string> names, CancellationToken cancellationToken);

    /// <summary>Its place goes; without one nothing happens.</summary>
    Task DetachAsync(string container, CancellationToken cancellationToken);
}
