namespace Flotilla.Network.Services;

/// <summary>A port of this node that leads to a pod on it. A null host address means every address of the node.</summary>
public sealed record HostPort(string? HostAddress, string Protocol, int Port, string PodAddress, int ContainerPort);
