namespace Flotilla.Scheduler.Snapshot;

/// <summary>A port of the node's own that a pod occupies. An empty address means all of them.</summary>
public readonly record struct HostPort(string Address, string Protocol, int Port)
{
    public bool Conflicts(HostPort other) =>
        Port == other.Port
        && Protocol == other.Protocol
        && (Address == other.Address || Address.Length == 0 || other.Address.Length == 0);

    public static HostPort From(string? address, string? protocol, int port) =>
        new(address is null or "0.0.0.0" ? "" : address, string.IsNullOrEmpty(protocol) ? "TCP" : protocol, port);
}
