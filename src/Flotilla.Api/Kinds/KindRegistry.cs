using System.Collections.Frozen;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Kinds;

/// <summary>
/// The kinds a server offers, by path and by identity: the built-in ones, and those that definitions add and take
/// away. Readers see one consistent state; any thread may change it.
/// </summary>
public sealed class KindRegistry
{
    private readonly Lock gate = new();
    private readonly IReadOnlyList<Kind> builtIn;
    private readonly SortedDictionary<string, IReadOnlyList<Kind>> added = new(StringComparer.Ordinal);
    private volatile State state;

    public KindRegistry(IEnumerable<Kind> kinds)
    {
        builtIn = [.. kinds];
        state = new State(builtIn);
    }

    /// <summary>The built-in kinds alone; never changed.</summary>
    public static KindRegistry BuiltIn { get; } = new(BuiltInKinds.All);

    public IReadOnlyList<Kind> All => state.All;

    /// <summary>Group and version pairs in the order discovery lists them.</summary>
    public IReadOnlyList<(string Group, string Version)> GroupVersions => state.GroupVersions;

    public Kind? Find(string group, string version, string plural) => state.ByPath.GetValueOrDefault((group, version, plural));

    public Kind? Find(ResourceKind identity) => state.ByIdentity.GetValueOrDefault(identity);

    /// <summary>The kinds added under a name.</summary>
    public IReadOnlyList<Kind> AddedBy(string owner)
    {
        lock (gate)
        {
            return added.GetValueOrDefault(owner) ?? [];
        }
    }

    /// <summary>Puts <paramref name="kinds"/> in the place of what was added under that name before; none takes it away.</summary>
    public void Replace(string owner, IReadOnlyList<Kind> kinds) => Replace([KeyValuePair.Create(owner, kinds)]);

    /// <summary>As above, for many names at once.</summary>
    public void Replace(IEnumerable<KeyValuePair<string, IReadOnlyList<Kind>>> replacements)
    {
        lock (gate)
        {
            foreach (var (owner, kinds) in replacements)
            {
                added.Remove(owner);
                if (kinds.Count > 0)
                {
                    added.Add(owner, kinds);
                }
            }

            state = new State([.. builtIn, .. added.Values.SelectMany(list => list).OrderBy(kind => kind.Group, StringComparer.Ordinal)]);
        }
    }

    private sealed class State(IReadOnlyList<Kind> all)
    {
        public IReadOnlyList<Kind> All { get; } = all;

        // Versions of one group stand together, the preferred one first.
        public IReadOnlyList<(string Group, string Version)> GroupVersions { get; } =
        [
            .. all.Where(kind => kind.Custom is null).Select(kind => (kind.Group, kind.Version)).Distinct(),
            .. all.Where(kind => kind.Custom is not null).Select(kind => (kind.Group, kind.Version)).Distinct()
                .OrderBy(pair => pair.Group, StringComparer.Ordinal).ThenByDescending(pair => pair.Version, VersionOrder.Comparer),
        ];

        public FrozenDictionary<(string Group, string Version, string Plural), Kind> ByPath { get; } = all.ToFrozenDictionary(kind => (kind.Group, kind.Version, kind.Plural));

        public FrozenDictionary<ResourceKind, Kind> ByIdentity { get; } = all.DistinctBy(kind => kind.Identity).ToFrozenDictionary(kind => kind.Identity);
    }
}
