namespace Flotilla.Node.Shutdown;

/// <summary>Who lets the machine go down: it tells of it beforehand, and waits a while for those that asked it to.</summary>
internal interface ILogind
{
    /// <summary>The most time that it waits.</summary>
    Task<TimeSpan> LongestDelayAsync(CancellationToken cancellationToken);

    Task SetLongestDelayAsync(TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>From now on it waits, until this is disposed of or the agent is gone.</summary>
    IAsyncDisposable Delay();

    /// <summary>True each time the machine is about to go down, false when it stays after all; ends when nobody tells any more.</summary>
    IAsyncEnumerable<bool> ShutdownsAsync(CancellationToken cancellationToken);
}
