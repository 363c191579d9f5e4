using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Probes;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Runs the hooks of a container's life.</summary>
internal sealed class HookRunner(CriClient runtime, TimeProvider time)
{
    private static readonly TimeSpan HttpTimeout = TimeSpan.FromSeconds(30);

    /// <returns>What went wrong; null when nothing did.</returns>
    public async Task<string?> RunAsync(
        V1LifecycleHandler hook, V1Pod pod, V1Container container, string containerId, string? podIp, CancellationToken cancellationToken)
    {
        if (hook.Exec is { } exec)
        {
            return await ExecAsync(exec, containerId, cancellationToken);
        }
        if (hook.HttpGet is { } get)
        {
            var request = HttpProbe.Request.For(get, container, podIp ?? "127.0.0.1");
            var result = await HttpProbe.RunAsync(request, HttpTimeout, cancellationToken);
            return result.Passed ? null : result.Output;
        }
        if (hook.Sleep is { } sleep)
        {
            await Task.Delay(Waiting.Bounded(TimeSpan.FromSeconds(sleep.Seconds)), time, cancellationToken);
        }
        return null;
    }

    private async Task<string?> ExecAsync(V1ExecAction exec, string containerId, CancellationToken cancellationToken)
    {
        try
        {
            var request = new ExecSyncRequest { ContainerId = containerId };
            request.Cmd.Add(exec.Command ?? []);
            var answer = await runtime.Runtime.ExecSyncAsync(request, cancellationToken: cancellationToken);
            return answer.ExitCode == 0
                ? null
                : $"command '{string.Join(' ', exec.Command ?? [])}' exited with {answer.ExitCode}: {answer.Stderr.ToStringUtf8()}";
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return failure.Status.Detail;
        }
    }
}
