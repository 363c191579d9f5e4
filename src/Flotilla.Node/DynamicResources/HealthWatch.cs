using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.DynamicResources;

/// <summary>Listens to what one instance of a driver tells of its devices, until it is disposed of or the driver says that it tells nothing.</summary>
internal sealed partial class HealthWatch : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource ending = new();
    private readonly DraDriver driver;
    private readonly DeviceHealths healths;
    private readonly TimeProvider time;
    private readonly ILogger logger;

    public HealthWatch(DraDriver driver, DeviceHealths healths, TimeProvider time, ILogger logger)
    {
        (this.driver, this.healths, this.time, this.logger) = (driver, healths, time, logger);
        var stopping = ending.Token;
        _ = Task.Run(() => RunAsync(stopping), CancellationToken.None);
    }

    public void Dispose()
    {
        ending.Cancel();
        ending.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await ListenAsync(cancellationToken))
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Another instance has taken over, or the agent ends.
        }
    }

    /// <returns>Whether it is worth asking again.</returns>
    private async Task<bool> ListenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var told in driver.WatchHealthAsync(cancellationToken))
            {
                healths.Tell(driver.Name, driver, told.Devices);
            }
            return true;
        }
        catch (RpcException silent)
        {
            if (silent.StatusCode is not (StatusCode.Unimplemented or StatusCode.Cancelled))
            {
                Log.NotHeard(logger, driver.Name, silent.Status.Detail);
            }
            return silent.StatusCode != StatusCode.Unimplemented;
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            return true;
        }
        finally
        {
            healths.Forget(driver.Name, driver);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "How the devices of driver {Driver} are is not known, it is asked again: {Reason}")]
        public static partial void NotHeard(ILogger logger, string driver, string reason);
    }
}
