using System.Threading.Tasks.Sources;

namespace Flotilla.Server.Watching;

/// <summary>Something happened: wakes the one who waits, or lets the next wait through. Costs no allocation per wake.</summary>
internal sealed class WakeSignal : IValueTaskSource
{
    private readonly Lock gate = new();
    private ManualResetValueTaskSourceCore<bool> core = new() { RunContinuationsAsynchronously = true };
    private bool isSet;
    private bool isWaiting;

    public void Set()
    {
        lock (gate)
        {
            if (!isWaiting)
            {
                isSet = true;
                return;
            }

            isWaiting = false;
        }

        core.SetResult(true);
    }

    /// <summary>One waiter at a time, whose wait is over before the next begins.</summary>
    public ValueTask WaitAsync()
    {
        lock (gate)
        {
            if (isSet)
            {
                isSet = false;
                return default;
            }

            core.Reset();
            isWaiting = true;
            return new ValueTask(this, core.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(continuation, state, token, flags);
}
