using System.Globalization;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Streaming.Logs;

/// <summary>Keeps the log of each running container to five files of about 10 MiB (<see cref="NodeOptions.MaxLogBytes"/>): <c>0.log</c>, and <c>0.log.{time}</c> for what was before.</summary>
internal sealed partial class LogRotation(NodeOptions options, CriClient runtime, TimeProvider time, ILogger<LogRotation> logger) : BackgroundService
{
    private const int MaxFiles = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RotateAllAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is RpcException or IOException && !stoppingToken.IsCancellationRequested)
            {
                Log.Failed(logger, failure.Message);
            }
        }
    }

    internal async Task RotateAllAsync(CancellationToken cancellationToken)
    {
        var running = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning } };
        var containers = await runtime.Runtime.ListContainersAsync(new ListContainersRequest { Filter = running }, cancellationToken: cancellationToken);
        foreach (var container in containers.Containers)
        {
            var answer = await runtime.Runtime.ContainerStatusAsync(
                new ContainerStatusRequest { ContainerId = container.Id }, cancellationToken: cancellationToken);
            var file = new FileInfo(answer.Status.LogPath);
            // A runtime that others use too has containers whose logs are not ours.
            var isOurs = file.FullName.StartsWith(options.PodLogsDirectory + "/", StringComparison.Ordinal);
            if (isOurs && file.Exists && file.Length >= options.MaxLogBytes)
            {
                await RotateAsync(container.Id, file.FullName, cancellationToken);
            }
        }
    }

    private async Task RotateAsync(string container, string path, CancellationToken cancellationToken)
    {
        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var rotated = $"{path}.{stamp}";
        File.Move(path, rotated);
        try
        {
            await runtime.Runtime.ReopenContainerLogAsync(new ReopenContainerLogRequest { ContainerId = container }, cancellationToken: cancellationToken);
        }
        catch (RpcException)
        {
            // The runtime still writes to the renamed file: give it its name back.
            File.Move(rotated, path);
            throw;
        }
        var old = Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*").Order(StringComparer.Ordinal).ToList();
        foreach (var file in old.SkipLast(MaxFiles - 1))
        {
            File.Delete(file);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Container logs could not be rotated: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
