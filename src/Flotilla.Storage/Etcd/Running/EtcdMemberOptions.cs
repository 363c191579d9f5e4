namespace Flotilla.Storage.Etcd.Running;

/// <summary>A member of a cluster of etcd that this machine runs.</summary>
public sealed record EtcdMemberOptions
{
    /// <summary>The server's; unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>etcd's alone. Once it holds something, that says which cluster the member belongs to.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>What etcd writes; kept short.</summary>
    public required string LogFile { get; init; }

    /// <summary>Where servers reach it, like <c>https://10.0.0.1:2379</c>; it listens at 127.0.0.1 too.</summary>
    public required Uri ClientAddress { get; init; }

    /// <summary>Where other members reach it, like <c>https://10.0.0.1:2380</c>.</summary>
    public required Uri PeerAddress { get; init; }

    /// <summary>Null: neither encrypted nor authenticated, with addresses that begin with http://.</summary>
    public EtcdCertificateFiles? Certificates { get; init; }

    /// <summary>What <see cref="Members.JoinTicket.InitialCluster"/> said; null: the first member of a new cluster.</summary>
    public string? InitialCluster { get; init; }

    /// <summary>When the database is as large, etcd takes no more writes.</summary>
    public long QuotaBytes { get; init; } = 4L * 1024 * 1024 * 1024;

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a member that is asked to end may take.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public string Program { get; init; } = "etcd";

    /// <summary>For the server beside it, whatever the machine's address is.</summary>
    public Uri LocalAddress => new UriBuilder(ClientAddress) { Host = "127.0.0.1" }.Uri;

    /// <summary>Whether it has been a member before.</summary>
    public bool HasData => Directory.Exists(Path.Combine(DataDirectory, "member"));

    internal string PidFile => DataDirectory + ".pid";

    /// <summary>Exists from the wish to go on alone until that has been done.</summary>
    internal string ForceFile => DataDirectory + ".force-new-cluster";

    /// <summary>
    /// At its next start the member leaves all others behind and is a cluster of its own, with all that it knows. For when
    /// a quorum is lost for good: the others must never come back as they are.
    /// </summary>
    public void ForceNewCluster()
    {
        if (!HasData)
        {
            throw new StorageException($"There is no data of etcd in {DataDirectory}; run this on a server that has been a member.");
        }

        File.WriteAllBytes(ForceFile, []);
    }
}

/// <summary>Read by etcd at each connection, so they may be renewed in place.</summary>
/// <param name="Authority">Who signed the certificates of members and clients.</param>
/// <param name="Server">With its key in <paramref name="ServerKey"/>: shown to clients.</param>
/// <param name="Peer">With its key in <paramref name="PeerKey"/>: shown to members, both ways.</param>
public sealed record EtcdCertificateFiles(string Authority, string Server, string ServerKey, string Peer, string PeerKey);
