using System.Runtime.CompilerServices;
using Flotilla.Linux;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flotilla.Node.Devices;

/// <summary>
/// One device plugin on its own socket, and the devices it last told of. Ends when the plugin's stream of devices ends:
/// a plugin that comes back registers anew.
/// </summary>
internal sealed class PluginConnection : IDevicePlugin, IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PreStartTimeout = TimeSpan.FromSeconds(30);
    private readonly GrpcChannel channel;
    private readonly DevicePlugin.DevicePluginClient client;
    private readonly DevicePluginOptions options;

    public PluginConnection(string resource, string socket, DevicePluginOptions options)
    {
        Resource = resource;
        this.options = options;
        channel = UnixChannel.To(socket);
        client = new DevicePlugin.DevicePluginClient(channel);
    }

    public string Resource { get; }

    /// <summary>Each list of devices the plugin tells, until it goes.</summary>
    public async IAsyncEnumerable<IReadOnlyList<PluginDevice>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = client.ListAndWatch(new Empty(), cancellationToken: cancellationToken);
        while (await MoveAsync(call.ResponseStream, cancellationToken))
        {
            yield return call.ResponseStream.Current.Devices;
        }
    }

    public async Task<IReadOnlyList<string>> PreferAsync(IReadOnlyList<string> available, IReadOnlyList<string> included, int count, CancellationToken cancellationToken)
    {
        if (!options.GetPreferredAllocationAvailable)
        {
            return [];
        }

        var request = new ContainerPreferredAllocationRequest { AvailableDeviceIds = { available }, MustIncludeDeviceIds = { included }, AllocationSize = count };
        var answer = await client.GetPreferredAllocationAsync(
            new PreferredAllocationRequest { ContainerRequests = { request } }, deadline: DateTime.UtcNow + CallTimeout, cancellationToken: cancellationToken);
        return answer.ContainerResponses.Count > 0 ? answer.ContainerResponses[0].DeviceIds : [];
    }

    public async Task<ContainerAllocateResponse> AllocateAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken)
    {
        var request = new AllocateRequest { ContainerRequests = { new ContainerAllocateRequest { DevicesIds = { devices } } } };
        var answer = await client.AllocateAsync(request, deadline: DateTime.UtcNow + CallTimeout, cancellationToken: cancellationToken);
        return answer.ContainerResponses.Count > 0 ? answer.ContainerResponses[0] : new ContainerAllocateResponse();
    }

    public async Task PreStartAsync(IReadOnlyList<string> devices, CancellationToken cancellationToken)
    {
        if (options.PreStartRequired)
        {
            await client.PreStartContainerAsync(new PreStartContainerRequest { DevicesIds = { devices } }, deadline: DateTime.UtcNow + PreStartTimeout, cancellationToken: cancellationToken);
        }
    }

    public void Dispose() => channel.Dispose();

    private static async Task<bool> MoveAsync(IAsyncStreamReader<ListAndWatchResponse> stream, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.MoveNext(cancellationToken);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
