using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Signals;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>The signal by which a container wants to be stopped, when that is not its image's: runtimes before CRI 1.33 do not know of it.</summary>
internal sealed class StopSignals(CriClient runtime, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the container has ended or the time is over, at once when nothing is asked for.</summary>
    public async Task SendAsync(V1Container? container, string containerId, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (container?.Lifecycle?.StopSignal is not { Length: > 0 } name || SignalNames.NumberOf(name) is not { } signal || grace <= TimeSpan.Zero
            || await ProcessAsync(containerId, cancellationToken) is not { } process)
        {
            return;
        }
        Native.Signal(process, signal);
        var start = time.GetTimestamp();
        while (Processes.IsAlive(process) && time.GetElapsedTime(start) < grace)
        {
            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    private async Task<int?> ProcessAsync(string containerId, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await runtime.Runtime.ContainerStatusAsync(new ContainerStatusRequest { ContainerId = containerId, Verbose = true }, cancellationToken: cancellationToken);
            return answer.Status.State == ContainerState.ContainerRunning && answer.Info.TryGetValue("info", out var info) ? (int?)JsonNode.Parse(info)?["pid"] : null;
        }
        catch (Exception gone) when (gone is JsonException or RpcException { StatusCode: StatusCode.NotFound })
        {
            return null;
        }
    }
}
