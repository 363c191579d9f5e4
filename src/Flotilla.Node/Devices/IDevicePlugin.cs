using Grpc.Core;

namespace Flotilla.Node.Devices;

/// <summary>Who knows what has to be done for a container that gets devices of one resource.</summary>
internal interface IDevicePlugin
{
    string Resource { get; }

    /// <summary>Which of the available devices it would rather give; empty: it has no opinion.</summary>
    Task<IReadOnlyList<string>> PreferAsync(IReadOnlyList<string> available, IReadOnlyList<string> included, int count, CancellationToken cancellationToken);

    /// <exception cref="RpcException">The plugin refuses.</exception>
    Task<ContainerAllocateResponse> AllocateAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken);

    /// <summary>Lets the plugin reset its devices where it asked for that.</summary>
    Task PreStartAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken);
}
