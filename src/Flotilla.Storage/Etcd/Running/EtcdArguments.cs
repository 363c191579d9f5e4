using System.Globalization;
using System.Security.Cryptography;
using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Storage.Etcd.Running;

/// <summary>etcd's flags for a member.</summary>
internal static class EtcdArguments
{
    private const int EntriesToSnapshot = 10_000;

    /// <summary>How it runs once it has data.</summary>
    public static IReadOnlyList<string> For(EtcdMemberOptions options)
    {
        var client = EtcdCluster.Text(options.ClientAddress);
        var local = EtcdCluster.Text(options.LocalAddress);
        var peer = EtcdCluster.Text(options.PeerAddress);
        return
        [
            $"--name={options.Name}",
            DataDirectoryFlag(options),
            $"--listen-client-urls={(client == local ? client : $"{client},{local}")}",
            $"--advertise-client-urls={client}",
            $"--listen-peer-urls={peer}",
            $"--initial-advertise-peer-urls={peer}",
            Number("quota-backend-bytes", options.QuotaBytes),
            Number("heartbeat-interval", (long)options.HeartbeatInterval.TotalMilliseconds),
            Number("election-timeout", (long)options.ElectionTimeout.TotalMilliseconds),
            Number("snapshot-count", EntriesToSnapshot),

            // A member that was cut off and comes back disturbs nobody.
            "--pre-vote=true",
            "--logger=zap",
            "--log-outputs=stderr",
            .. Certificates(options.Certificates),
        ];
    }

    /// <summary>Besides, when it has none: of a cluster of its own, or of that which has let it in.</summary>
    public static IReadOnlyList<string> Beginning(EtcdMemberOptions options) => options.InitialCluster is { } cluster
        ? [$"--initial-cluster={cluster}", "--initial-cluster-state=existing"]
        :
        [
            $"--initial-cluster={options.Name}={EtcdCluster.Text(options.PeerAddress)}",
            "--initial-cluster-state=new",

            // By it clusters differ that begin at the same address, one after the other.
            $"--initial-cluster-token={Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}",
        ];

    public static string DataDirectoryFlag(EtcdMemberOptions options) => $"--data-dir={options.DataDirectory}";

    private static string Number(string flag, long value) => string.Create(CultureInfo.InvariantCulture, $"--{flag}={value}");

    private static IEnumerable<string> Certificates(EtcdCertificateFiles? files) => files is null
        ? []
        :
        [
            $"--trusted-ca-file={files.Authority}", $"--cert-file={files.Server}", $"--key-file={files.ServerKey}", "--client-cert-auth=true",
            $"--peer-trusted-ca-file={files.Authority}", $"--peer-cert-file={files.Peer}", $"--peer-key-file={files.PeerKey}", "--peer-client-cert-auth=true",
        ];
}
