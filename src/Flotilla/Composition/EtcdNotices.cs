using Flotilla.Client;
using Flotilla.Local;
using Flotilla.Server;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>What users learn of etcd through the cluster's own means: series, and events on this machine's Node.</summary>
internal sealed class EtcdNotices : IAsyncDisposable
{
    private readonly EventRecorder events;

    private EtcdNotices(EventRecorder events) => this.events = events;

    public static async Task<EtcdNotices> StartAsync(ManagedEtcd etcd, ApiServer server, ClusterSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var events = new EventRecorder(server.ClientFor("flotilla-etcd"), "flotilla-etcd", time, loggers.CreateLogger<EventRecorder>(), settings.NodeName);
        await events.StartAsync(cancellationToken);
        server.AddMetrics(etcd.WriteMetrics);

        // As with upstream's events of nodes, the name stands for the identity.
        var node = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = settings.NodeName, Uid = settings.NodeName };
        etcd.Warn = sentence => events.Record(node, "Warning", "EtcdSpaceLow", sentence);
        return new EtcdNotices(events);
    }

    public async ValueTask DisposeAsync()
    {
        await events.StopAsync(CancellationToken.None);
        events.Dispose();
    }
}
