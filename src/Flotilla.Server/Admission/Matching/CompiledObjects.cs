using System.Text.Json.Nodes;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Matching;

/// <summary>
/// All stored objects below a prefix in a compiled form, ordered by name. Each version of an object is compiled once;
/// what is returned is never older than the last write that was answered.
/// </summary>
internal sealed class CompiledObjects<T>(IStore store, string prefix, Func<JsonObject, T> compile)
    where T : class
{
    private volatile State known = new([], []);

    public async ValueTask<IReadOnlyList<T>> ListAsync(CancellationToken cancellationToken)
    {
        var entries = (await store.ListAsync(prefix, null, 0, null, cancellationToken)).Entries;
        var state = known;
        if (IsSame(entries, state.Entries))
        {
            return state.Compiled;
        }

        var before = state.Entries.Zip(state.Compiled).ToDictionary(pair => (pair.First.Key, pair.First.Modified), pair => pair.Second);
        T[] compiled = [.. entries.Select(entry => before.GetValueOrDefault((entry.Key, entry.Modified)) ?? compile(StoredOf(entry)))];
        known = new State(entries, compiled);
        return compiled;
    }

    private static JsonObject StoredOf(StoredEntry entry) => Objects.StoredObject.Decode(entry.Value, entry.Modified);

    private static bool IsSame(IReadOnlyList<StoredEntry> entries, IReadOnlyList<StoredEntry> known)
    {
        if (entries.Count != known.Count)
        {
            return false;
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Modified != known[i].Modified || entries[i].Key != known[i].Key)
            {
                return false;
            }
        }

        return true;
    }

    private sealed record State(IReadOnlyList<StoredEntry> Entries, IReadOnlyList<T> Compiled);
}
