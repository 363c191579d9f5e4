using System.Globalization;
using Flotilla.Api;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Shutdown;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node;

/// <summary>
/// Stops all containers of a node that goes down, each with its hook and the time its pod asks for, as long as that is not
/// too long. The system's own pods end last, all others at once.
/// </summary>
internal static class ContainerFarewell
{
    private const int CriticalPart = 3;
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(NodeOptions options, TimeSpan longest, Action<string> progress, CancellationToken cancellationToken)
    {
        using var runtime = new CriClient(options.RuntimeSocket);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(longest + Spare);
        try
        {
            var filter = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning } };
            var answer = await runtime.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, cancellationToken: bounded.Token);
            var ours = answer.Containers.Where(container => PodDirectories.IsOurs(options, container.Labels.GetValueOrDefault(RuntimeLabels.PodUid, ""))).ToList();
            if (ours.Count == 0)
            {
                return;
            }
            foreach (var (most, wave) in Waves(ours, longest))
            {
                var grace = wave.Max(container => GraceOf(container, most));
                progress(FormattableString.Invariant($"stopping {wave.Count} container{(wave.Count == 1 ? "" : "s")}; they have at most {Math.Ceiling(grace.TotalSeconds)} s to end"));
                await Parallel.ForEachAsync(wave, new ParallelOptions { MaxDegreeOfParallelism = wave.Count, CancellationToken = bounded.Token }, async (container, token) =>
                    await StopAsync(runtime, container, GraceOf(container, most), token));
            }
        }
        catch (Exception failure) when (failure is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Whatever still runs is killed by what follows.
            progress($"not everything ended by itself: {failure.Message}");
        }
    }

    /// <summary>Those that others rest on end last; the time is shared only where there are both.</summary>
    internal static IReadOnlyList<(TimeSpan Most, IReadOnlyList<Container> Containers)> Waves(IReadOnlyList<Container> containers, TimeSpan longest)
    {
        var groups = ShutdownPlan.For(ShutdownPlan.Groups(longest, longest / CriticalPart), containers, PriorityOf);
        return [.. groups.Select(one => (groups.Count == 1 ? longest : one.Group.Grace, one.Pods))];
    }

    private static long PriorityOf(Container container) =>
        long.TryParse(container.Annotations.GetValueOrDefault(RuntimeLabels.Priority), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) ? priority : 0;

    private static async Task StopAsync(CriClient runtime, Container container, TimeSpan grace, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        if (grace > TimeSpan.Zero && container.Annotations.TryGetValue(RuntimeLabels.PreStop, out var text)
            && ObjectJson.Decode<V1LifecycleHandler>(System.Text.Encoding.UTF8.GetBytes(text)) is { } hook)
        {
            await RunHookAsync(runtime, container, hook, grace, cancellationToken);
        }
        var left = grace - TimeProvider.System.GetElapsedTime(start);
        await runtime.Runtime.StopContainerAsync(
            new StopContainerRequest { ContainerId = container.Id, Timeout = (long)Math.Max(0, Math.Ceiling(left.TotalSeconds)) }, cancellationToken: cancellationToken);
    }

    // Only what needs nobody else: the network may be gone before an answer comes.
    private static async Task RunHookAsync(CriClient runtime, Container container, V1LifecycleHandler hook, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (hook.Sleep is { } sleep)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Min(sleep.Seconds, grace.TotalSeconds)), cancellationToken);
        }
        if (hook.Exec is not { } exec)
        {
            return;
        }
        var request = new ExecSyncRequest { ContainerId = container.Id, Timeout = (long)Math.Ceiling(grace.TotalSeconds) };
        request.Cmd.Add(exec.Command ?? []);
        try
        {
            await runtime.Runtime.ExecSyncAsync(request, cancellationToken: cancellationToken);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            // A hook that fails keeps nothing from ending.
        }
    }

    private static TimeSpan GraceOf(Container container, TimeSpan longest)
    {
        var asked = container.Annotations.TryGetValue(RuntimeLabels.GracePeriod, out var text) && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.Zero;
        return asked < longest ? asked : longest;
    }
}
