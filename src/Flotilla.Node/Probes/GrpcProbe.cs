using System.Net.Sockets;
using Flotilla.Node.Probes.Grpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flotilla.Node.Probes;

/// <summary>Asks grpc.health.v1.Health, without TLS, in upstream's words.</summary>
internal static class GrpcProbe
{
    public static async Task<ProbeResult> RunAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var isConnected = false;
        using var channel = GrpcChannel.ForAddress($"http://{host}:{port}", new GrpcChannelOptions
        {
            HttpHandler = Handler(() => isConnected = true),
            DisposeHttpClient = true,
        });
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
            var limit = Pods.Go.Duration(timeout);
            return ProbeResult.Failed(failure.StatusCode switch
            {
                // Upstream tries again until the time is over, so every failure to connect is a timeout.
                _ when !isConnected => $"timeout: failed to connect service \"{host}:{port}\" within {limit}: context deadline exceeded",
                StatusCode.Unimplemented => "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + failure.Status.Detail,
                StatusCode.DeadlineExceeded => $"timeout: health rpc did not complete within {limit}",
                _ => $"error: health rpc probe failed: rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}",
            });
        }
    }

    // Pods are reached directly, whatever proxy this process is to use.
    private static SocketsHttpHandler Handler(Action connected) => new()
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                connected();
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    private static string Name(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };
}
