namespace Flotilla.Api.Networks;

/// <summary>Labels of pods by which they are in networks of the swarm.</summary>
public static class SwarmNetworkLabels
{
    /// <summary>Before the id of a network.</summary>
    public const string Prefix = "network.swarm.flotilla.dev/";
}
