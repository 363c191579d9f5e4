using Flotilla.Storage.Etcd.Wire;
using Grpc.Net.Client;

namespace Flotilla.Storage.Etcd;

/// <summary>One member of the cluster, as all kinds of calls reach it.</summary>
internal sealed class EtcdEndpoint(Uri address, GrpcChannel channel) : IDisposable
{
    public Uri Address { get; } = address;

    public KV.KVClient Pairs { get; } = new(channel);

    public Watch.WatchClient Watches { get; } = new(channel);

    public Cluster.ClusterClient Members { get; } = new(channel);

    public Maintenance.MaintenanceClient Maintenance { get; } = new(channel);

    public void Dispose() => channel.Dispose();
}
