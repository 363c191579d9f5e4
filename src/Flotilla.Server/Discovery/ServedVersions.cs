using Flotilla.Api.CustomResources;
using Flotilla.Api.Kinds;
using Flotilla.Server.Aggregation;

namespace Flotilla.Server.Discovery;

/// <summary>One group and version that clients can use here; <see cref="Api"/> is set when another server serves it.</summary>
internal sealed record ServedVersion(string Group, string Version, AggregatedApi? Api);

/// <summary>Every group and version, preferred ones first: the built-in groups, then what was added, by its priority.</summary>
internal static class ServedVersions
{
    public static IReadOnlyList<ServedVersion> Of(KindRegistry kinds, AggregatedApis apis)
    {
        var builtIn = kinds.All.Where(kind => kind.Custom is null).Select(kind => kind.Group).ToHashSet(StringComparer.Ordinal);
        var local = kinds.GroupVersions.Select(pair => new ServedVersion(pair.Group, pair.Version, null)).ToList();
        var here = kinds.GroupVersions.ToHashSet();
        var remote = apis.All.Where(api => !here.Contains((api.Group, api.Version))).Select(api => new ServedVersion(api.Group, api.Version, api));
        var added = local.Where(version => !builtIn.Contains(version.Group)).Concat(remote).GroupBy(version => version.Group, StringComparer.Ordinal)
            .OrderByDescending(group => group.Max(version => version.Api?.GroupPriority ?? GroupPriority.OfDefinitions)).ThenBy(group => group.Key, StringComparer.Ordinal)
            .SelectMany(group => group.OrderByDescending(version => version.Api?.VersionPriority ?? GroupPriority.OfDefinedVersions).ThenByDescending(version => version.Version, VersionOrder.Comparer));
        return [.. local.Where(version => builtIn.Contains(version.Group)), .. added];
    }
}
