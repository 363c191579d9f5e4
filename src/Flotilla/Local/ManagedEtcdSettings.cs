namespace Flotilla.Local;

/// <summary>A member of etcd that this server runs itself.</summary>
internal sealed record ManagedEtcdSettings
{
    public int ClientPort { get; init; } = 2379;

    public int PeerPort { get; init; } = 2380;

    /// <summary>When its database is as large, etcd takes no more writes.</summary>
    public int QuotaMebibytes { get; init; } = 4096;

    /// <summary>Of a server that joined: what <see cref="Storage.Etcd.Members.JoinTicket"/> said. null: the cluster's first.</summary>
    public string? InitialCluster { get; init; }

    /// <exception cref="UserError">A number out of range.</exception>
    public void Validate()
    {
        foreach (var (flag, port) in new[] { ("--etcd-client-port", ClientPort), ("--etcd-peer-port", PeerPort) })
        {
            if (port is < 1 or > 65535)
            {
                throw new UserError($"{flag} {port} is not a port: it must be between 1 and 65535.");
            }
        }

        if (ClientPort == PeerPort)
        {
            throw new UserError($"--etcd-client-port and --etcd-peer-port are both {PeerPort}; they must differ.");
        }

        if (QuotaMebibytes is < 16 or > 16384)
        {
            throw new UserError($"--etcd-quota {QuotaMebibytes} must be between 16 and 16384 MiB.");
        }
    }
}
