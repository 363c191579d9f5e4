using Flotilla.Linux;
using Flotilla.Linux.Cri;
using Grpc.Net.Client;

namespace Flotilla.Node.Cri;

/// <summary>The container runtime behind a unix socket: its CRI services, and the channel for containerd's own services.</summary>
public sealed class CriClient : IDisposable
{
    public CriClient(string socketPath)
    {
        Channel = UnixChannel.To(socketPath);
        Runtime = new RuntimeService.RuntimeServiceClient(Channel);
        Images = new ImageService.ImageServiceClient(Channel);
    }

    public GrpcChannel Channel { get; }

    public RuntimeService.RuntimeServiceClient Runtime { get; }

    public ImageService.ImageServiceClient Images { get; }

    /// <summary>The path of <c>unix:///run/x.sock</c>, or the value itself when it is a path.</summary>
    public static string SocketPath(string endpoint) =>
        endpoint.StartsWith("unix://", StringComparison.Ordinal) ? endpoint["unix://".Length..] : endpoint;

    public void Dispose() => Channel.Dispose();
}
