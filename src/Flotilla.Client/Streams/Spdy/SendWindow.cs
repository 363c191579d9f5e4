namespace Flotilla.Client.Streams.Spdy;

/// <summary>
/// How much may be sent before the peer has read it. Kubernetes' own peers never send WINDOW_UPDATE and rely on TCP alone,
/// so a window binds only once its peer has shown that it takes part.
/// </summary>
internal sealed class SendWindow
{
    public const int InitialBytes = 64 << 10;
    private readonly Lock gate = new();
    private long available = InitialBytes;
    private bool binding;
    private TaskCompletionSource? waiting;

    /// <returns>How many of the wanted bytes may be sent now, at least one.</returns>
    public async ValueTask<int> ReserveAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (!binding || available > 0)
                {
                    var granted = binding ? (int)Math.Min(wanted, available) : wanted;
                    available -= granted;
                    return granted;
                }
                waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                more = waiting.Task;
            }
            await more.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives back what was reserved but not sent.</summary>
    public void Return(int bytes)
    {
        lock (gate)
        {
            available += bytes;
            Wake();
        }
    }

    public void Update(int bytes)
    {
        lock (gate)
        {
            binding = true;
            available += bytes;
            Wake();
        }
    }

    /// <summary>The stream is over: whoever waits shall see that.</summary>
    public void Open()
    {
        lock (gate)
        {
            binding = false;
            Wake();
        }
    }

    private void Wake()
    {
        if (!binding || available > 0)
        {
            waiting?.TrySetResult();
            waiting = null;
        }
    }
}
