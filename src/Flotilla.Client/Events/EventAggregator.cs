using System.Globalization;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>
/// Decides, as client-go does, whether an event is new, a repetition of one already written (its count grows),
/// one of many alike (their messages are combined) or spam (dropped). Used by one thread.
/// </summary>
internal sealed class EventAggregator(TimeProvider time)
{
    private const int Remembered = 4096;
    private const int AlikeBeforeCombining = 10;
    private static readonly TimeSpan AlikeWithin = TimeSpan.FromMinutes(10);
    private const double Burst = 25;
    private static readonly TimeSpan RefillEvery = TimeSpan.FromMinutes(5);

    private readonly RecentlyUsed<string, Corev1Event> written = new(Remembered);
    private readonly RecentlyUsed<string, Alike> alikes = new(Remembered);
    private readonly RecentlyUsed<string, Bucket> buckets = new(Remembered);

    /// <summary>What to write: null nothing; <c>Count</c> above 1 the new state of an event already written.</summary>
    public Corev1Event? Admit(Corev1Event fresh)
    {
        var now = time.GetUtcNow();
        var about = fresh.InvolvedObject;
        var source = $"{fresh.Source.Component}\n{fresh.Source.Host}\n{about.Kind}\n{about.NamespaceProperty}\n{about.Name}\n{about.Uid}\n{about.ApiVersion}";
        var kind = $"{source}\n{fresh.Type}\n{fresh.Reason}\n{fresh.ReportingComponent}\n{fresh.ReportingInstance}";

        if (!buckets.GetOrAdd(source, () => new Bucket(Burst, now)).TryTake(now))
        {
            return null;
        }

        var alike = alikes.GetOrAdd(kind, () => new Alike(now));
        var combined = alike.Count(fresh.Message, now);
        var id = combined ? kind : $"{kind}\n{about.FieldPath}\n{fresh.Message}";
        if (combined)
        {
            fresh.Message = "(combined from similar events): " + fresh.Message;
        }

        if (written.TryGet(id, out var known))
        {
            fresh.Metadata.Name = known.Metadata.Name;
            fresh.FirstTimestamp = known.FirstTimestamp;
            fresh.Count = known.Count + 1;
        }

        written.Set(id, fresh);
        return fresh;
    }

    private sealed class Alike(DateTimeOffset last)
    {
        private readonly HashSet<string> messages = new(StringComparer.Ordinal);
        private DateTimeOffset last = last;

        /// <summary>Whether there have been so many different messages lately that they are better combined.</summary>
        public bool Count(string message, DateTimeOffset now)
        {
            if (now - last > AlikeWithin)
            {
                messages.Clear();
            }

            last = now;
            if (messages.Count < AlikeBeforeCombining)
            {
                messages.Add(message);
                return messages.Count >= AlikeBeforeCombining;
            }

            return true;
        }
    }

    private sealed class Bucket(double tokens, DateTimeOffset filled)
    {
        private double tokens = tokens;
        private DateTimeOffset filled = filled;

        public bool TryTake(DateTimeOffset now)
        {
            tokens = Math.Min(Burst, tokens + ((now - filled) / RefillEvery));
            filled = now;
            if (tokens < 1)
            {
                return false;
            }

            tokens--;
            return true;
        }
    }

    internal static string NewName(string about, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{about}.{(now - DateTimeOffset.UnixEpoch).Ticks * 100:x}");
}
