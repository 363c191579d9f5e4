using System.IO.Pipes;
using Flotilla.Engine.Linux;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Engine.Streams;

/// <summary>
/// The pipes between a process in a container and this one. They are named pipes whose other ends the container's shim holds open, so that the
/// container outlives this process. What it writes meanwhile waits in them, also when it ends: a <see cref="PipeHolder"/> keeps them.
/// </summary>
internal sealed class ProcessStreams : IAsyncDisposable
{
    private const int BufferBytes = 32 << 10;

    // A container that writes more while nobody reads has to wait.
    private const int WaitingBytes = 1 << 20;
    private readonly string directory;
    private readonly List<int> keepers = [];
    private readonly bool hasError;
    private readonly CancellationTokenSource stop = new();
    private Task pumps = Task.CompletedTask;

    private ProcessStreams(string directory, bool hasInput, bool hasTerminal)
    {
        this.directory = directory;
        HasInput = hasInput;
        hasError = !hasTerminal;
    }

    /// <summary>Empty: the process has none of it.</summary>
    public string InputPath => HasInput ? Path.Combine(directory, "stdin") : "";

    public string OutputPath => Path.Combine(directory, "stdout");

    public string ErrorPath => hasError ? Path.Combine(directory, "stderr") : "";

    /// <summary>null: it has none, or it was closed.</summary>
    public Stream? Input { get; private set; }

    /// <summary>Completed when the process and all that it started have closed their ends.</summary>
    public Task Drained => pumps;

    private bool HasInput { get; }

    /// <summary>New pipes for a process that is about to start.</summary>
    public static ProcessStreams Create(string directory, bool hasInput, bool hasTerminal)
    {
        Remove(directory);
        Directory.CreateDirectory(directory);
        var streams = new ProcessStreams(directory, hasInput, hasTerminal);
        foreach (var path in streams.Paths())
        {
            Native.MakeFifo(path);

            // Until the shim has opened its end nobody else may be there, and a pipe without writer looks ended.
            var keeper = Native.OpenFifo(path, FileAccess.ReadWrite);
            Native.Enlarge(keeper, WaitingBytes);
            streams.keepers.Add(keeper);
        }

        return streams;
    }

    /// <summary>Those of a process that a former process of ours has started.</summary>
    public static ProcessStreams Reopen(string directory, bool hasInput, bool hasTerminal) => new(directory, hasInput, hasTerminal);

    /// <summary>The pipes and what waits in them.</summary>
    public static void Remove(string directory)
    {
        PipeHolder.End(directory);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Reads from now on.</summary>
    public void Start(Func<Frame, ValueTask> takeAsync)
    {
        var readers = new List<Task> { PumpAsync(OutputPath, Frame.Output, takeAsync) };
        if (hasError)
        {
            readers.Add(PumpAsync(ErrorPath, Frame.Error, takeAsync));
        }

        pumps = Task.WhenAll(readers);
        if (HasInput)
        {
            Input = new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(Native.OpenFifo(InputPath, FileAccess.Write), ownsHandle: true));
        }
    }

    /// <summary>From now on its output waits for us, or for the next process of ours. While the keepers are there.</summary>
    public Task HoldAsync(CancellationToken cancellationToken) => PipeHolder.StartAsync(directory, [.. Paths().Where(path => path != InputPath)], cancellationToken);

    /// <summary>Reads no more: the rest is for the next process of ours.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The shim has its ends.</summary>
    public void ReleaseKeepers()
    {
        keepers.ForEach(Native.Close);
        keepers.Clear();
    }

    /// <summary>The process reads the end of its input.</summary>
    public async ValueTask CloseInputAsync()
    {
        if (Input is { } input)
        {
            Input = null;
            await input.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        ReleaseKeepers();
        await CloseInputAsync();
        Remove(directory);
        stop.Dispose();
    }

    private IEnumerable<string> Paths() => ((string[])[InputPath, OutputPath, ErrorPath]).Where(path => path.Length > 0);

    private async Task PumpAsync(string path, byte kind, Func<Frame, ValueTask> takeAsync)
    {
        await using var pipe = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(Native.OpenFifo(path, FileAccess.Read), ownsHandle: true));
        var buffer = new byte[BufferBytes];
        while (await pipe.ReadAsync(buffer, stop.Token) is > 0 and var count)
        {
            // Whoever takes it may keep it.
            await takeAsync(new Frame(kind, buffer.AsSpan(0, count).ToArray()));
        }
    }
}
