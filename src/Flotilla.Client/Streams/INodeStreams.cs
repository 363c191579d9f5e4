using k8s.Models;

namespace Flotilla.Client.Streams;

/// <summary>
/// What a node offers for its pods besides objects: logs, exec, attach and port-forward.
/// A pod or container that is not there, or not in a state to answer, throws <see cref="Flotilla.Api.ApiException"/>
/// before the first byte, so that the caller can still answer with a <c>Status</c>.
/// </summary>
public interface INodeStreams
{
    /// <summary>Copies the container's log to <paramref name="destination"/>; with <c>Follow</c> until the container is gone.</summary>
    Task LogsAsync(PodTarget target, LogOptions options, Stream destination, CancellationToken cancellationToken);

    /// <summary>Runs a command in a container. The answer is the Status of kubectl's error channel: Success, or NonZeroExitCode with its cause.</summary>
    Task<V1Status> ExecAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken);

    /// <summary>Joins the container's main process.</summary>
    Task<V1Status> AttachAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken);

    /// <summary>Joins <paramref name="duplex"/> with a TCP port on the pod's loopback until either side ends.</summary>
    Task PortForwardAsync(PodTarget target, int port, Stream duplex, CancellationToken cancellationToken);
}

/// <param name="Container">null: the pod's only or default container.</param>
public sealed record PodTarget(string Namespace, string Pod, string? Container = null);

/// <summary>The query of <c>GET .../log</c>.</summary>
public sealed record LogOptions
{
    public bool Follow { get; init; }

    public bool Previous { get; init; }

    public long? SinceSeconds { get; init; }

    public DateTime? SinceTime { get; init; }

    public long? TailLines { get; init; }

    public long? LimitBytes { get; init; }

    public bool Timestamps { get; init; }

    /// <summary>Each line as the runtime wrote it: time, stream, F for all or P for a piece of a line, text. No parameter of upstream's.</summary>
    public bool AsWritten { get; init; }
}

/// <param name="Command">Ignored by attach.</param>
public sealed record ExecOptions(IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>The client's side of an exec or attach. Streams that were not asked for are null.</summary>
public interface IStreamChannels
{
    /// <summary>
    /// Called once, when the container is known to answer and before any stream is used: until then a failure can still
    /// be told as an ordinary <c>Status</c>, afterwards the connection speaks the streaming protocol.
    /// </summary>
    ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>What the client types; its end closes the process's standard input.</summary>
    Stream? Stdin { get; }

    Stream? Stdout { get; }

    Stream? Stderr { get; }

    /// <summary>Sizes of the client's terminal as they change; ends with the session.</summary>
    IAsyncEnumerable<TerminalSize> ResizesAsync(CancellationToken cancellationToken);
}

public readonly record struct TerminalSize(ushort Width, ushort Height);
