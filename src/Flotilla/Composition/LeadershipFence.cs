using System.Text;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>
/// Of a component that runs in one server of several: who begins to lead raises it, and what the leader before still
/// writes no longer counts, even if that one was asleep and has not noticed.
/// </summary>
internal sealed partial class LeadershipFence(IStore store, string name, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string key = $"/flotilla/leaders/{name}";
    private Raised? raised;

    /// <summary>Under which the component writes; null: it has not led yet, or nobody else could.</summary>
    public Fence? Current => Volatile.Read(ref raised)?.Fence;

    public async Task RaiseAsync(string identity, CancellationToken cancellationToken)
    {
        while (store.IsShared)
        {
            try
            {
                var written = await store.WriteAsync(new WriteRequest(key, Encoding.UTF8.GetBytes(identity), Precondition.Any), cancellationToken);
                Volatile.Write(ref raised, new Raised(new Fence(key, written.Revision)));
                return;
            }
            catch (StorageException failure)
            {
                Log.NotRaised(logger, name, failure.Message);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private sealed record Raised(Fence Fence);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} waits to lead: {Why}")]
        public static partial void NotRaised(ILogger logger, string name, string why);
    }
}
