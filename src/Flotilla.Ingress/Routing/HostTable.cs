using System.Collections.Frozen;

namespace Flotilla.Ingress.Routing;

/// <summary>
/// Values by host name, the most specific first: the name itself, the longest wildcard, then what holds for every host.
/// In an Ingress a wildcard stands for one label, in a Gateway for any number of them.
/// </summary>
internal sealed class HostTable<T>
    where T : class
{
    private const string WildcardPrefix = "*.";
    private readonly FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> exact;
    private readonly FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> wildcards;
    private readonly bool hasWildcards;
    private readonly bool manyLabels;
    private readonly T? any;

    /// <param name="hosts">Names; <c>*.example.com</c> is a wildcard, the empty name means all hosts.</param>
    public HostTable(IReadOnlyDictionary<string, T> hosts, bool manyLabels)
    {
        this.manyLabels = manyLabels;
        any = hosts.GetValueOrDefault("");
        exact = Lookup(hosts.Where(host => host.Key.Length > 0 && !IsWildcard(host.Key)));
        var suffixes = hosts.Where(host => IsWildcard(host.Key)).Select(host => KeyValuePair.Create(host.Key[WildcardPrefix.Length..], host.Value)).ToList();
        hasWildcards = suffixes.Count > 0;
        wildcards = Lookup(suffixes);
    }

    public static HostTable<T> Empty { get; } = new(new Dictionary<string, T>(), manyLabels: false);

    public static bool IsWildcard(string host) => host.StartsWith(WildcardPrefix, StringComparison.Ordinal);

    /// <summary>The most specific value for <paramref name="host"/> (without a port, in any case).</summary>
    public T? Find(ReadOnlySpan<char> host) => Find(host, state: (object?)null, static (value, _) => value);

    /// <summary>The first answer of <paramref name="choose"/>, which is asked with ever less specific values.</summary>
    public TAnswer? Find<TState, TAnswer>(ReadOnlySpan<char> host, TState state, Func<T, TState, TAnswer?> choose)
        where TAnswer : class
    {
        if (exact.TryGetValue(host, out var value) && choose(value, state) is { } answer)
        {
            return answer;
        }

        if (hasWildcards)
        {
            for (var dot = host.IndexOf('.'); dot > 0 && dot + 1 < host.Length; dot = manyLabels ? host.IndexOf('.') : -1)
            {
                host = host[(dot + 1)..];
                if (wildcards.TryGetValue(host, out value) && choose(value, state) is { } found)
                {
                    return found;
                }
            }
        }

        return any is null ? null : choose(any, state);
    }

    private static FrozenDictionary<string, T>.AlternateLookup<ReadOnlySpan<char>> Lookup(IEnumerable<KeyValuePair<string, T>> values) =>
        values.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
}
