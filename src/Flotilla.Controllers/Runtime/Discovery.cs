using System.Net.Http;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers;

/// <summary>A resource that the cluster serves, whether this program knows its kind or not.</summary>
internal sealed record DiscoveredResource(ResourceType Type, bool IsNamespaced, IReadOnlySet<string> Verbs)
{
    public string GroupResource => Type.Group.Length == 0 ? Type.Plural : $"{Type.Plural}.{Type.Group}";

    /// <summary>The path of the collection, or of one object in it.</summary>
    public string PathOf(string? ns, string? name = null)
    {
        var root = Type.Group.Length == 0 ? "/api/" : "/apis/";
        var scope = ns is null ? "" : $"namespaces/{ns}/";
        return $"{root}{Type.ApiVersion}/{scope}{Type.Plural}" + (name is null ? "" : "/" + Uri.EscapeDataString(name));
    }

    /// <summary>Events are kept by nobody's leave and owned by nobody.</summary>
    public bool IsEvents => Type.Plural == "events" && Type.Group is "" or "events.k8s.io";
}

internal static class Discovery
{
    /// <summary>Every resource of every group, each in the group's preferred version; subresources left out.</summary>
    /// <param name="failed">Gets each group and version whose server does not answer, e.g. <c>metrics.k8s.io/v1</c>; what others serve is found all the same.</param>
    public static async Task<IReadOnlyList<DiscoveredResource>> ReadAsync(IObjectClient client, ICollection<string> failed, CancellationToken cancellationToken)
    {
        var groups = await ReadAsync<V1APIGroupList>(client, "/apis", cancellationToken);
        var found = new Dictionary<string, DiscoveredResource>(StringComparer.Ordinal);
        Add(found, "", "v1", await ReadAsync<V1APIResourceList>(client, "/api/v1", cancellationToken));
        foreach (var group in groups.Groups)
        {
            // The preferred version first; others may serve resources that it lacks.
            foreach (var version in group.Versions.OrderBy(version => version.GroupVersion != group.PreferredVersion?.GroupVersion))
            {
                try
                {
                    Add(found, group.Name, version.Version, await ReadAsync<V1APIResourceList>(client, $"/apis/{version.GroupVersion}", cancellationToken));
                }
                catch (ApiException unavailable) when (unavailable.Code >= 500)
                {
                    failed.Add(version.GroupVersion);
                }
                catch (ApiException gone) when (gone.IsNotFound)
                {
                    // Withdrawn since the groups were told.
                }
            }
        }

        return [.. found.Values];
    }

    /// <summary>As above, for those to whom what is missing now is as good as never there.</summary>
    public static Task<IReadOnlyList<DiscoveredResource>> ReadAsync(IObjectClient client, CancellationToken cancellationToken) => ReadAsync(client, new List<string>(), cancellationToken);

    private static void Add(Dictionary<string, DiscoveredResource> found, string group, string version, V1APIResourceList list)
    {
        foreach (var resource in list.Resources.Where(resource => !resource.Name.Contains('/', StringComparison.Ordinal)))
        {
            var type = new ResourceType(group, version, resource.Name, resource.Kind);
            var discovered = new DiscoveredResource(type, resource.Namespaced, resource.Verbs.ToHashSet(StringComparer.Ordinal));
            found.TryAdd(discovered.GroupResource, discovered);
        }
    }

    private static async Task<T> ReadAsync<T>(IObjectClient client, string path, CancellationToken cancellationToken) =>
        ObjectJson.Decode<T>(await client.SendAsync(HttpMethod.Get, path, null, default, cancellationToken));
}
