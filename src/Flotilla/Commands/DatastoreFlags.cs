using System.CommandLine;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>Where the cluster's objects are kept, if not in a file of this machine.</summary>
internal sealed class DatastoreFlags
{
    private readonly Option<string?> endpoint = new("--datastore-endpoint") { Description = "URLs of an etcd cluster's members, separated by commas; several servers may share it. It should hold nothing else." };
    private readonly Option<string?> ca = new("--datastore-cafile") { Description = "Certificates by which its members are recognized (the system's)." };
    private readonly Option<string?> certificate = new("--datastore-certfile") { Description = "The certificate that is shown to it." };
    private readonly Option<string?> key = new("--datastore-keyfile") { Description = "That certificate's key." };

    private readonly Option<bool> init = new("--cluster-init") { Description = "Run etcd, so that more servers can join; what a single server kept in its file is moved there, after a backup." };
    private readonly Option<int?> quota = new("--etcd-quota") { Description = "MiB that etcd may store (4096)." };
    private readonly Option<int?> clientPort = new("--etcd-client-port") { Description = "Where servers reach the etcd of this one (2379)." };
    private readonly Option<int?> peerPort = new("--etcd-peer-port") { Description = "Where the other servers' etcd reaches it (2380)." };

    public IEnumerable<Option> All => [endpoint, ca, certificate, key, init, quota, clientPort, peerPort];

    /// <summary>What is not said stays as it was.</summary>
    public DatastoreSettings Read(ParseResult flags, DatastoreSettings known) => known with
    {
        Endpoints = flags.GetValue(endpoint)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? known.Endpoints,
        CaFile = Full(flags.GetValue(ca)) ?? known.CaFile,
        CertFile = Full(flags.GetValue(certificate)) ?? known.CertFile,
        KeyFile = Full(flags.GetValue(key)) ?? known.KeyFile,
        Etcd = ReadEtcd(flags, known.Etcd ?? (flags.GetValue(init) ? new ManagedEtcdSettings() : null)),
    };

    /// <summary>For a machine that is to share the etcd of servers elsewhere: what is said of its own member.</summary>
    public DatastoreSettings ReadJoining(ParseResult flags, DatastoreSettings known) =>
        flags.GetValue(quota) is null && flags.GetValue(clientPort) is null && flags.GetValue(peerPort) is null ? known : known with { Etcd = ReadEtcd(flags, known.Etcd ?? new ManagedEtcdSettings()) };

    private ManagedEtcdSettings? ReadEtcd(ParseResult flags, ManagedEtcdSettings? known) => known is null ? null : known with
    {
        QuotaMebibytes = flags.GetValue(quota) ?? known.QuotaMebibytes,
        ClientPort = flags.GetValue(clientPort) ?? known.ClientPort,
        PeerPort = flags.GetValue(peerPort) ?? known.PeerPort,
    };

    /// <summary>Not remembered: it is for one start.</summary>
    public static Option<bool> AddForce(Command command)
    {
        var option = new Option<bool>("--force-new-cluster") { Description = "Go on without the other servers' etcd, after most of them were lost for good; they must join anew." };
        command.Options.Add(option);
        return option;
    }

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
