using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Grpc.Core;

namespace Flotilla.Node.Probes;

internal static class ExecProbe
{
    private const int MaxOutput = 10 * 1024;

    public static async Task<ProbeResult> RunAsync(
        CriClient runtime, string containerId, IList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var request = new ExecSyncRequest { ContainerId = containerId, Timeout = (long)timeout.TotalSeconds };
        request.Cmd.Add(command);
        try
        {
            var answer = await runtime.Runtime.ExecSyncAsync(
                request, deadline: DateTime.UtcNow + timeout + TimeSpan.FromSeconds(10), cancellationToken: cancellationToken);
            var output = answer.Stdout.ToStringUtf8() + answer.Stderr.ToStringUtf8();
            return new ProbeResult(answer.ExitCode == 0, output.Length <= MaxOutput ? output : output[..MaxOutput]);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Failed(failure.StatusCode == StatusCode.DeadlineExceeded
                ? $"command timed out: \"{string.Join(' ', command)}\" timed out after {Pods.Go.Duration(timeout)}"
                : failure.Status.Detail);
        }
    }
}
