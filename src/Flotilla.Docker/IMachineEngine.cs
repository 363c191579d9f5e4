using System.Text.Json.Nodes;

namespace Flotilla.Docker;

/// <summary>What belongs to one machine and not to the swarm, for answers that tell of both.</summary>
public interface IMachineEngine
{
    /// <summary>What it answers itself.</summary>
    IEnumerable<Route> Routes { get; }

    /// <summary>As <c>docker network inspect</c> shows them, those that every machine has first.</summary>
    IReadOnlyList<JsonObject> Networks { get; }

    /// <summary>A network of this machine: what <c>POST /networks/create</c> sends, for all drivers but overlay.</summary>
    Task<DockerAnswer> CreateNetworkAsync(JsonObject spec, CancellationToken cancellationToken);

    Task RemoveNetworkAsync(string id, CancellationToken cancellationToken);

    /// <summary>From now on containers of this machine may be in the swarm's networks.</summary>
    void Join(ISwarmNetworks swarm);

    /// <summary>The part of <c>docker info</c> that counts containers and images.</summary>
    Task<JsonObject> CountsAsync(CancellationToken cancellationToken);

    /// <summary>Something that happened in the swarm, for who follows <c>docker events</c> here.</summary>
    void Announce(string type, string action, string id, IEnumerable<(string Name, string Value)> attributes);
}

/// <summary>The networks that every engine has.</summary>
public static class BuiltInNetworks
{
    public const string Bridge = "bridge";
    public const string Host = "host";
    public const string None = "none";

    public static string IdOf(string name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes("flotilla/" + name)));
}
