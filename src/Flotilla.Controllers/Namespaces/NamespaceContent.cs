using System.Net.Http;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Namespaces;

/// <summary>What a namespace that is being deleted still holds.</summary>
internal sealed class ContentReport
{
    public SortedDictionary<string, int> Remaining { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, int> Finalizers { get; } = new(StringComparer.Ordinal);

    public List<string> Failures { get; } = [];

    public string? DiscoveryFailure { get; set; }

    /// <summary>Of what could be found nothing is left.</summary>
    public bool IsClear => Remaining.Count == 0 && Failures.Count == 0;

    public bool IsEmpty => IsClear && DiscoveryFailure is null;
}

/// <summary>Deletes everything in a namespace, whatever its kind, and reports what is left.</summary>
internal static class NamespaceContent
{
    public static async Task<ContentReport> DeleteAsync(IObjectClient client, string ns, DateTime now, CancellationToken cancellationToken)
    {
        var report = new ContentReport();
        var failed = new List<string>();
        IReadOnlyList<DiscoveredResource> resources;
        try
        {
            resources = await Discovery.ReadAsync(client, failed, cancellationToken);
        }
        catch (ApiException failure)
        {
            report.DiscoveryFailure = failure.Message;
            return report;
        }

        if (failed.Count > 0)
        {
            var causes = string.Join(", ", failed.Order(StringComparer.Ordinal).Select(version => $"{version}: stale GroupVersion discovery: {version}"));
            report.DiscoveryFailure = $"Discovery failed for some groups, {failed.Count} failing: unable to retrieve the complete list of server APIs: {causes}";
        }

        var deletable = resources.Where(resource => resource.IsNamespaced && resource.Verbs.Contains("list") && resource.Verbs.Contains("delete")).ToList();

        // Pods first, so that none keeps running without the policies and secrets that bound it.
        foreach (var resource in deletable.Where(IsPods))
        {
            await DeleteAsync(client, resource, ns, now, report, cancellationToken);
        }

        if (!report.IsClear)
        {
            return report;
        }

        foreach (var resource in deletable.Where(resource => !IsPods(resource)))
        {
            await DeleteAsync(client, resource, ns, now, report, cancellationToken);
        }

        return report;
    }

    private static bool IsPods(DiscoveredResource resource) => resource.Type is { Group: "", Plural: "pods" };

    private static async Task DeleteAsync(
        IObjectClient client, DiscoveredResource resource, string ns, DateTime now, ContentReport report, CancellationToken cancellationToken)
    {
        try
        {
            var scope = new ListScope(ns, Resource: resource.Type);
            var before = await client.ListAsync<ObjectMetadata>(scope, cancellationToken);
            if (before.Items.Count == 0)
            {
                return;
            }

            await DeleteAllAsync(client, resource, ns, before.Items, cancellationToken);
            var remaining = (await client.ListAsync<ObjectMetadata>(scope, cancellationToken)).Items;
            if (remaining.Count > 0 && !remaining.Any(left => left.Metadata.Finalizers is { Count: > 0 } || left.Metadata.DeletionTimestamp > now))
            {
                report.Failures.Add($"unexpected items still remain in namespace: {ns} for gvr: {resource.Type.Group}/{resource.Type.Version}, Resource={resource.Type.Plural}");
            }

            foreach (var left in remaining)
            {
                Count(report.Remaining, $"{resource.Type.Plural}.{resource.Type.Group}");
                foreach (var finalizer in left.Metadata.Finalizers ?? [])
                {
                    Count(report.Finalizers, finalizer);
                }
            }
        }
        catch (ApiException failure) when (failure.Code is not (404 or 405))
        {
            report.Failures.Add(failure.Message);
        }
    }

    private static async Task DeleteAllAsync(
        IObjectClient client, DiscoveredResource resource, string ns, IReadOnlyList<ObjectMetadata> objects, CancellationToken cancellationToken)
    {
        var options = ObjectJson.Encode(new V1DeleteOptions { ApiVersion = "v1", Kind = "DeleteOptions", PropagationPolicy = "Background" });
        if (resource.Verbs.Contains("deletecollection"))
        {
            await client.SendAsync(HttpMethod.Delete, resource.PathOf(ns), "application/json", options, cancellationToken);
            return;
        }

        foreach (var value in objects)
        {
            try
            {
                await client.SendAsync(HttpMethod.Delete, resource.PathOf(ns, value.Metadata.Name), "application/json", options, cancellationToken);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // As wanted.
            }
        }
    }

    private static void Count(SortedDictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;
}
