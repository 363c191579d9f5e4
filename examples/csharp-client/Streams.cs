using System.Text;
using k8s;
using k8s.Models;

namespace CSharpClient;

/// <summary>Into a pod over web sockets: a command in its container, and a connection to its port.</summary>
internal static class Streams
{
    public static async Task RunAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        await client.CoreV1.CreateNamespacedPodAsync(Pod(), space, cancellationToken: cancellationToken);
        try
        {
            await ReadyAsync(client, space, cancellationToken);
            await ExecuteAsync(client, space, cancellationToken);
            await ForwardAsync(client, space, cancellationToken);
        }
        finally
        {
            await client.CoreV1.DeleteNamespacedPodAsync("streams", space, cancellationToken: CancellationToken.None);
        }
    }

    private static V1Pod Pod() => new()
    {
        Metadata = new V1ObjectMeta { Name = "streams" },
        Spec = new V1PodSpec
        {
            TerminationGracePeriodSeconds = 1,
            Containers = [new V1Container { Name = "web", Image = "my-image", ImagePullPolicy = "IfNotPresent", ReadinessProbe = Probe() }],
        },
    };

    private static V1Probe Probe() => new() { HttpGet = new V1HTTPGetAction { Port = 8080, Path = "/" }, PeriodSeconds = 1 };

    private static async Task ReadyAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var watch = client.CoreV1.WatchListNamespacedPodAsync(space, fieldSelector: "metadata.name=streams", cancellationToken: cancellationToken);
        await foreach (var (_, pod) in watch)
        {
            if (pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true)
            {
                return;
            }
        }
    }

    private static async Task ExecuteAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        var output = "";
        var code = await client.NamespacedPodExecAsync(
            "streams", space, "web", ["sh", "-c", "read line; echo \"got $line\"; exit 7"], false,
            async (stdin, stdout, _) =>
            {
                await stdin.WriteAsync(Encoding.UTF8.GetBytes("typed\n"), cancellationToken);
                await stdin.FlushAsync(cancellationToken);
                using var reader = new StreamReader(stdout);
                output = await reader.ReadLineAsync(cancellationToken);
            },
            cancellationToken);
        await Console.Out.WriteLineAsync($"exec: {output}, exit code {code}");
    }

    private static async Task ForwardAsync(Kubernetes client, string space, CancellationToken cancellationToken)
    {
        using var socket = await client.WebSocketNamespacedPodPortForwardAsync("streams", space, [8080], "v4.channel.k8s.io", cancellationToken: cancellationToken);
        using var channels = new StreamDemuxer(socket, StreamType.PortForward);
        channels.Start();
        await using var connection = channels.GetStream((byte?)0, (byte?)0);
        await connection.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), cancellationToken);
        using var reader = new StreamReader(connection);
        await Console.Out.WriteLineAsync($"port-forward: {await reader.ReadLineAsync(cancellationToken)}");
    }
}
