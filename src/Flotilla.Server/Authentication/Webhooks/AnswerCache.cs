using System.Collections.Concurrent;

namespace Flotilla.Server.Authentication.Webhooks;

/// <summary>Answers of another server, each for a while. Bounded: when it is full, it starts over.</summary>
internal sealed class AnswerCache<T>(TimeProvider time)
    where T : class
{
    private const int MaxAnswers = 4096;

    private readonly ConcurrentDictionary<string, (T Answer, DateTimeOffset End)> known = new(StringComparer.Ordinal);

    public T? Find(string question) => known.TryGetValue(question, out var found) && found.End > time.GetUtcNow() ? found.Answer : null;

    public T Keep(string question, T answer, TimeSpan lifetime)
    {
        if (known.Count >= MaxAnswers)
        {
            known.Clear();
        }

        known[question] = (answer, time.GetUtcNow() + lifetime);
        return answer;
    }
}
