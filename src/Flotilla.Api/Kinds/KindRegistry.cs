using System.Collections.Frozen;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Kinds;

/// <summary>The kinds a server offers, by path and by identity.</summary>
public sealed class KindRegistry
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), Kind> byPath;
    private readonly FrozenDictionary<ResourceKind, Kind> byIdentity;

    public KindRegistry(IEnumerable<Kind> kinds)
    {
        All = [.. kinds];
        byPath = All.ToFrozenDictionary(kind => (kind.Group, kind.Version, kind.Plural));
        byIdentity = All.ToFrozenDictionary(kind => kind.Identity);
    }

    public static KindRegistry BuiltIn { get; } = new(BuiltInKinds.All);

    public IReadOnlyList<Kind> All { get; }

    /// <summary>Group and version pairs in the order discovery lists them.</summary>
    public IEnumerable<(string Group, string Version)> GroupVersions => All.Select(kind => (kind.Group, kind.Version)).Distinct();

    public Kind? Find(string group, string version, string plural) => byPath.GetValueOrDefault((group, version, plural));

    public Kind? Find(ResourceKind identity) => byIdentity.GetValueOrDefault(identity);
}
