using Flotilla.Node.Probes.Grpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flotilla.Node.Probes;

internal static class GrpcProbe
{
    public static async Task<ProbeResult> RunAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var channel = GrpcChannel.ForAddress($"http://{host}:{port}");
        try
        {
            var answer = await new Health.HealthClient(channel).CheckAsync(
                new HealthCheckRequest { Service = service }, deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? ProbeResult.Ok
                : ProbeResult.Failed($"service unhealthy (responded with \"{Name(answer.Status)}\")");
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Failed(failure.StatusCode switch
            {
                StatusCode.Unimplemented => "this server does not implement the grpc health protocol (grpc.health.v1.Health): " + failure.Status.Detail,
                StatusCode.DeadlineExceeded => $"timeout: health rpc did not complete within {Pods.Go.Duration(timeout)}",
                _ => $"error: health rpc probe failed: {failure.Status.Detail}",
            });
        }
    }

    private static string Name(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };
}
