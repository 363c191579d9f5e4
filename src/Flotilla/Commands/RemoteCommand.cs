using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Client.Streams;
using k8s.Models;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Commands;

/// <summary>A process in a container of a pod, joined to this process's input, output and terminal.</summary>
internal sealed class RemoteCommand(IReadOnlyList<string> line, bool hasInput, bool hasTerminal)
{
    private const string Protocol = "v5.channel.k8s.io";
    private const int BufferBytes = 32 << 10;

    public bool HasInput => hasInput;

    public bool HasTerminal => hasTerminal;

    /// <returns>The process's exit code.</returns>
    public async Task<int> RunAsync(HttpObjectClient client, V1Pod pod, CancellationToken cancellationToken)
    {
        List<(string Name, string Value)> query =
        [
            ("container", pod.Spec.Containers[0].Name), ("stdin", Text(hasInput)), ("stdout", "true"), ("stderr", Text(!hasTerminal)), ("tty", Text(hasTerminal)), .. line.Select(word => ("command", word)),
        ];
        var path = $"/api/v1/namespaces/{pod.Metadata.NamespaceProperty}/pods/{pod.Metadata.Name}/exec?{string.Join('&', query.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"))}";
        using var socket = await client.ConnectAsync(path, Protocol, cancellationToken);
        using var writing = new SemaphoreSlim(1);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var terminal = hasTerminal && hasInput ? await LocalTerminal.TakeAsync(cancellationToken) : null;
        using var resized = terminal is null ? null : PosixSignalRegistration.Create(PosixSignal.SIGWINCH, resize => _ = ResizeAsync(socket, writing, over.Token));
        if (terminal is not null)
        {
            await ResizeAsync(socket, writing, over.Token);
        }

        // Reading the input cannot be interrupted; it ends with this process.
        var sending = hasInput ? Task.Run(() => SendInputAsync(socket, writing, over.Token), CancellationToken.None) : Task.CompletedTask;
        try
        {
            return await ReceiveAsync(socket, cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            if (sending.IsCompleted)
            {
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>The exit code in what the server says at the end. Pure.</summary>
    /// <exception cref="ApiException">The command did not run.</exception>
    internal static int ExitCode(JsonObject? status)
    {
        if (status.String("status") == "Success")
        {
            return 0;
        }

        var code = status.Object("details").Objects("causes").FirstOrDefault(cause => cause.String("reason") == "ExitCode").String("message");
        return int.TryParse(code, out var number) ? number : throw new ApiException(new V1Status { Code = 500, Message = status.String("message") ?? "the command has ended without an exit code" });
    }

    private static string Text(bool value) => value ? "true" : "false";

    private static async Task<int> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        await using var output = Console.OpenStandardOutput();
        await using var error = Console.OpenStandardError();
        var buffer = new byte[BufferBytes * 2];
        using var status = new MemoryStream();
        while (true)
        {
            // A message may come in parts, of which only the first says the channel.
            var channel = -1;
            ValueWebSocketReceiveResult part;
            do
            {
                try
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                }
                catch (WebSocketException broken)
                {
                    throw new IOException($"the connection to the task broke: {broken.Message}", broken);
                }

                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return ExitCode(status.Length == 0 ? null : JsonNode.Parse(status.ToArray()) as JsonObject);
                }

                var first = channel < 0 && part.Count > 0 ? 1 : 0;
                channel = first == 1 ? buffer[0] : channel;
                var target = channel switch { RemoteCommandChannels.Stdout => output, RemoteCommandChannels.Stderr => error, RemoteCommandChannels.Error => status, _ => Stream.Null };
                await target.WriteAsync(buffer.AsMemory(first, part.Count - first), cancellationToken);
                await target.FlushAsync(cancellationToken);
            }
            while (!part.EndOfMessage);
            if (channel == RemoteCommandChannels.Error && status.Length > 0)
            {
                return ExitCode(JsonNode.Parse(status.ToArray()) as JsonObject);
            }
        }
    }

    private static async Task SendInputAsync(WebSocket socket, SemaphoreSlim writing, CancellationToken cancellationToken)
    {
        // The console's own stream reads lines and shows them, whatever the terminal is set to.
        using var standardInput = new SafeFileHandle(0, ownsHandle: false);
        await using var input = new FileStream(standardInput, FileAccess.Read, bufferSize: 0);
        var buffer = new byte[BufferBytes];
        for (int count; (count = await input.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await SendAsync(socket, writing, RemoteCommandChannels.Stdin, buffer.AsMemory(0, count), cancellationToken);
        }

        await SendAsync(socket, writing, RemoteCommandChannels.Close, new[] { RemoteCommandChannels.Stdin }, cancellationToken);
    }

    private static async Task ResizeAsync(WebSocket socket, SemaphoreSlim writing, CancellationToken cancellationToken)
    {
        if (await LocalTerminal.SizeAsync(cancellationToken) is { } size)
        {
            await SendAsync(socket, writing, RemoteCommandChannels.Resize, System.Text.Encoding.UTF8.GetBytes(size.ToJsonString()), cancellationToken);
        }
    }

    private static async Task SendAsync(WebSocket socket, SemaphoreSlim writing, byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        byte[] message = [channel, .. data.Span];
        await writing.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException)
        {
            // The process has ended.
        }
        finally
        {
            writing.Release();
        }
    }
}
