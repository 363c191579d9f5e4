using Flotilla.Linux;
using Flotilla.Node.Csi.Api;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flotilla.Node.Csi;

/// <summary>A registered storage driver: what it said of itself when it was asked, and its services.</summary>
internal sealed class CsiDriver : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);
    private readonly GrpcChannel channel;

    private CsiDriver(string name, GrpcChannel channel)
    {
        Name = name;
        this.channel = channel;
        Node = new Api.Node.NodeClient(channel);
        Controller = new Controller.ControllerClient(channel);
    }

    public string Name { get; }

    public Api.Node.NodeClient Node { get; }

    public Controller.ControllerClient Controller { get; }

    /// <summary>The node as the driver calls it.</summary>
    public string NodeId { get; private init; } = "";

    /// <summary>0: no limit.</summary>
    public long MaxVolumes { get; private init; }

    public IReadOnlyDictionary<string, string> Topology { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool Stages { get; private init; }

    public bool Expands { get; private init; }

    /// <summary>Whether it gives volumes to the pod's group itself.</summary>
    public bool MountsForGroup { get; private init; }

    /// <summary>Whether it tells one writer on a node from many.</summary>
    public bool CountsWriters { get; private init; }

    public static CallOptions Call(CancellationToken cancellationToken) => new(deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);

    /// <exception cref="RpcException">The driver does not answer.</exception>
    public static async Task<CsiDriver> ConnectAsync(string name, string socket, CancellationToken cancellationToken)
    {
        var channel = UnixChannel.To(socket);
        try
        {
            var node = new Api.Node.NodeClient(channel);
            var info = await node.NodeGetInfoAsync(new NodeGetInfoRequest(), Call(cancellationToken));
            var can = (await node.NodeGetCapabilitiesAsync(new NodeGetCapabilitiesRequest(), Call(cancellationToken)))
                .Capabilities.Select(capability => capability.Rpc?.Type).ToHashSet();
            return new CsiDriver(name, channel)
            {
                NodeId = info.NodeId,
                MaxVolumes = info.MaxVolumesPerNode,
                Topology = new Dictionary<string, string>(info.AccessibleTopology?.Segments ?? [], StringComparer.Ordinal),
                Stages = can.Contains(NodeServiceCapability.Types.RPC.Types.Type.StageUnstageVolume),
                Expands = can.Contains(NodeServiceCapability.Types.RPC.Types.Type.ExpandVolume),
                MountsForGroup = can.Contains(NodeServiceCapability.Types.RPC.Types.Type.VolumeMountGroup),
                CountsWriters = can.Contains(NodeServiceCapability.Types.RPC.Types.Type.SingleNodeMultiWriter),
            };
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }

    public void Dispose() => channel.Dispose();
}
