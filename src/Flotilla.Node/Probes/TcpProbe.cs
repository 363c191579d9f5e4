using System.Net.Sockets;

namespace Flotilla.Node.Probes;

internal static class TcpProbe
{
    public static async Task<ProbeResult> RunAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(timeout);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(host, port, bounded.Token);
            return ProbeResult.Ok;
        }
        catch (SocketException failure)
        {
            return ProbeResult.Failed(SocketFailure.Describe(failure, $"{host}:{port}"));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Failed($"dial tcp {host}:{port}: i/o timeout");
        }
    }
}
