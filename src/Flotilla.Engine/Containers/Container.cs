using Flotilla.Engine.Health;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Containers;

/// <summary>A container as long as the process lives: its record, and what holds on to it. Whoever changes it has its gate.</summary>
internal sealed class Container(ContainerRecord record, string directory)
{
    public ContainerRecord Record { get; } = record;

    public string Id => Record.Id;

    public string ShortId => Id[..12];

    public string Directory => directory;

    public string LogFile => Path.Combine(directory, "container.log");

    public string RecordFile => Path.Combine(directory, "container.json");

    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>null: it does not run.</summary>
    public ProcessStreams? Streams { get; set; }

    public HealthState? Health { get; set; }

    /// <summary>Ends the wait before the next start.</summary>
    public CancellationTokenSource? RestartDelay { get; set; }

    public void StopWaiting() => RestartDelay?.Cancel();

    /// <summary>What comes next: its exit, or its removal.</summary>
    public TaskCompletionSource<int> NextExit { get; set; } = NewSignal();

    public TaskCompletionSource<int> Removed { get; } = NewSignal();

    /// <summary>Set while it runs; completed when everything of this run is put away.</summary>
    public TaskCompletionSource<int> RunOver { get; set; } = NewSignal();

    /// <summary>Completed while it runs: then its streams are there.</summary>
    public TaskCompletionSource Started { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Broadcast Output { get; } = new();

    public bool IsRemoved => Removed.Task.IsCompleted;

    public TimeSpan LastDelay { get; set; }

    public void Save() => Linux.RecordFile.Write(RecordFile, Record);

    public static TaskCompletionSource<int> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
