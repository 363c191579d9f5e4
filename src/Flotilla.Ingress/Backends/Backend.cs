namespace Flotilla.Ingress.Backends;

/// <summary>
/// The destinations of one service port, in turn. Endpoints come and go far more often than routes change, so the list is
/// replaced in place and no table is compiled for it.
/// </summary>
internal sealed class Backend(BackendKey key)
{
    private volatile Destination[] destinations = [];
    private uint next;

    public BackendKey Key => key;

    public IReadOnlyList<Destination> Destinations => destinations;

    /// <summary>Who stays keeps what is known of it.</summary>
    public void Replace(IReadOnlyList<string> endpoints)
    {
        var known = destinations;
        if (known.Length == endpoints.Count && known.Select(one => one.Endpoint).SequenceEqual(endpoints, StringComparer.Ordinal))
        {
            return;
        }

        var byEndpoint = known.ToDictionary(one => one.Endpoint, StringComparer.Ordinal);
        destinations = [.. endpoints.Select(endpoint => byEndpoint.GetValueOrDefault(endpoint) ?? new Destination(key.Scheme, endpoint))];
    }

    /// <summary>The next in turn that was not tried; those that failed lately only when there is no other. null: there is none.</summary>
    public Destination? Pick(IReadOnlyCollection<Destination> tried, long now)
    {
        var all = destinations;
        if (all.Length == 0)
        {
            return null;
        }

        Destination? avoided = null;
        var start = Interlocked.Increment(ref next);
        for (var i = 0; i < all.Length; i++)
        {
            var candidate = all[(start + (uint)i) % (uint)all.Length];
            if (tried.Count > 0 && tried.Contains(candidate))
            {
                continue;
            }

            if (!candidate.IsAvoided(now))
            {
                return candidate;
            }

            avoided ??= candidate;
        }

        return avoided;
    }

    public Destination? ByAlias(string alias) => Array.Find(destinations, one => string.Equals(one.Alias, alias, StringComparison.Ordinal));
}
