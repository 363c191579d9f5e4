using System.Net;

namespace Flotilla.Docker;

/// <summary>A network of the swarm, as containers of a machine see it.</summary>
public sealed record SwarmNetwork(string Id, string Name, bool IsAttachable, bool IsInternal);

/// <summary>A container in networks of the swarm, as its machine wants it.</summary>
/// <param name="Container">Its id: 64 hexadecimal digits.</param>
/// <param name="Place">Another one each time it starts, so that what it had before is not taken for what it has now.</param>
public sealed record SwarmAttachment(string Container, string Place, IReadOnlyList<SwarmMembership> Networks);

/// <param name="Network">Its id.</param>
/// <param name="Names">How others in this network call the container.</param>
public sealed record SwarmMembership(string Network, IReadOnlyList<string> Names);

/// <summary>Where a container is in networks of the swarm.</summary>
/// <param name="Sandbox">The id, for the container runtime, of what holds its link.</param>
/// <param name="Search">Domains in which names of these networks are.</param>
public sealed record SwarmPlace(IPAddress Address, string Sandbox, IReadOnlyList<string> Search);

/// <summary>The swarm's networks for plain containers of a machine.</summary>
public interface ISwarmNetworks
{
    /// <summary>Whether there is a swarm and this machine is in it, as far as is known.</summary>
    bool IsActive { get; }

    /// <returns>null: the swarm has none of that name or id, or there is no swarm.</returns>
    Task<SwarmNetwork?> FindAsync(string word, CancellationToken cancellationToken);

    /// <summary>Tells the cluster which containers of this machine are to be in its networks: these, and no others.</summary>
    /// <exception cref="DockerException">It does not answer, or refuses.</exception>
    Task TellAsync(IReadOnlyCollection<SwarmAttachment> all, CancellationToken cancellationToken);

    /// <summary>Returns when a container that was told is in its networks, and in no others.</summary>
    /// <exception cref="DockerException">It is not after half a minute.</exception>
    Task<SwarmPlace> PlaceAsync(SwarmAttachment wanted, CancellationToken cancellationToken);

    /// <summary>Returns when a container that is told no more is in none.</summary>
    /// <exception cref="DockerException">It is after half a minute.</exception>
    Task LeftAsync(string container, CancellationToken cancellationToken);

    /// <summary>Whether a container's place is the one that it was given: what held it may have been deleted or made anew.</summary>
    Task<bool> IsThereAsync(string container, string sandbox, string address, CancellationToken cancellationToken);

    /// <summary>Calls this, which must not take long, when any place of this machine may not be there any more.</summary>
    void WhenMoved(Action tell);

    /// <summary>Addresses of all that are in one of the first networks and in none of the second, by their ids.</summary>
    IReadOnlyList<IPAddress> Members(IReadOnlyList<string> among, IReadOnlyList<string> except);
}
