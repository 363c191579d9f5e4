using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;

namespace Flotilla.Server.Admission;

/// <summary>Classes marked as default: of several the newest counts, and of those the first by name.</summary>
internal static class DefaultClasses
{
    public static async ValueTask<string?> FindDefaultAsync(this IStore store, Kind kind, string[] annotations, CancellationToken cancellationToken) =>
        (await store.AllAsync(kind, null, cancellationToken))
            .Select(item => item.Object("metadata"))
            .Where(metadata => annotations.Any(annotation => metadata.Object("annotations").String(annotation) == "true"))
            .OrderByDescending(metadata => metadata.String("creationTimestamp"), StringComparer.Ordinal)
            .ThenBy(metadata => metadata.String("name"), StringComparer.Ordinal)
            .FirstOrDefault()
            .String("name");
}
