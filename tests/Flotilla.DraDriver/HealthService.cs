using Flotilla.Node.DynamicResources.Health;
using Grpc.Core;

namespace Flotilla.DraDriver;

/// <summary>Tells how the device is, again and again: well, unless a file says what ails it.</summary>
internal sealed class HealthService(DriverOptions options) : DRAResourceHealth.DRAResourceHealthBase
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public override async Task NodeWatchResources(NodeWatchResourcesRequest request, IServerStreamWriter<NodeWatchResourcesResponse> responseStream, ServerCallContext context)
    {
        while (!context.CancellationToken.IsCancellationRequested)
        {
            var told = new DeviceHealth
            {
                Device = new DeviceIdentifier { PoolName = "pool", DeviceName = "device-0" },
                Health = options.Ailment is null ? HealthStatus.Healthy : HealthStatus.Unhealthy,
                LastUpdatedTime = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
                Message = options.Ailment ?? "",
            };
            await responseStream.WriteAsync(new NodeWatchResourcesResponse { Devices = { told } }, context.CancellationToken);
            await Task.Delay(Pause, context.CancellationToken);
        }
    }
}
