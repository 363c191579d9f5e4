using System.Threading.Channels;

namespace Flotilla.Engine.Streams;

/// <summary>Output for all who are attached. A slow one holds the process up, as docker's attach does; one that is gone does not.</summary>
internal sealed class Broadcast
{
    private const int LongestQueue = 64;
    private readonly Lock gate = new();
    private Channel<Frame>[] listeners = [];

    public Channel<Frame> Listen()
    {
        var channel = Channel.CreateBounded<Frame>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
        lock (gate)
        {
            listeners = [.. listeners, channel];
        }

        return channel;
    }

    public void Forget(Channel<Frame> listener)
    {
        lock (gate)
        {
            listeners = [.. listeners.Where(other => other != listener)];
        }

        // Whoever waits to write to it goes on.
        listener.Writer.TryComplete();
    }

    public async ValueTask SendAsync(Frame frame, CancellationToken cancellationToken)
    {
        foreach (var listener in listeners)
        {
            try
            {
                await listener.Writer.WriteAsync(frame, cancellationToken);
            }
            catch (ChannelClosedException)
            {
                // It has gone.
            }
        }
    }

    /// <summary>The process is over: all who listen get what is left, and the end.</summary>
    public void Complete()
    {
        lock (gate)
        {
            foreach (var listener in listeners)
            {
                listener.Writer.TryComplete();
            }

            listeners = [];
        }
    }
}
