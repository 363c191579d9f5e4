using System.Net.Sockets;
using System.Net.WebSockets;
using Flotilla.Client.Streams;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>A connection to the Docker API of this machine, for managers of the swarm: <c>docker exec</c> and the like of a task that runs here.</summary>
internal sealed class DockerRoute(string? socketPath)
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    public IEnumerable<NodeRoute> All => socketPath is { } path ? [new(NodePaths.Docker, context => ServeAsync(context, path))] : [];

    private static async Task ServeAsync(HttpContext context, string path)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Answers.TextAsync(context, "this is for WebSockets\n", StatusCodes.Status400BadRequest);
            return;
        }

        using var docker = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await docker.ConnectAsync(new UnixDomainSocketEndPoint(path), context.RequestAborted);
        await using var local = new NetworkStream(docker);
        using var accepted = await context.WebSockets.AcceptWebSocketAsync();
        await using var remote = new HalfClosingSocket(accepted);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var asking = AskAsync(remote, docker, local, ending.Token);
        try
        {
            await local.CopyToAsync(remote, ending.Token);
            await accepted.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", ending.Token);
        }
        catch (Exception gone) when (gone is IOException or WebSocketException)
        {
            // Whoever asked has gone.
        }

        // Who stops waiting for a message breaks the connection off, with what is still under way: the other side leaves first.
        await Task.WhenAny(asking, Task.Delay(Farewell, ending.Token));
        await ending.CancelAsync();
        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task AskAsync(HalfClosingSocket remote, Socket docker, NetworkStream local, CancellationToken cancellationToken)
    {
        await remote.CopyToAsync(local, cancellationToken);
        docker.Shutdown(SocketShutdown.Send);
    }
}
