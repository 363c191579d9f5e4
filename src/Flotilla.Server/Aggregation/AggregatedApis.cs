using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.Webhooks;

namespace Flotilla.Server.Aggregation;

/// <summary>A group and version that another server serves.</summary>
/// <param name="Resources">Its <c>APIResourceList</c> as last seen.</param>
internal sealed record AggregatedApi(string Group, string Version, int GroupPriority, int VersionPriority, WebhookTarget Target, bool IsAvailable, JsonObject? Resources)
{
    public static AggregatedApi From(JsonObject apiService, bool isAvailable, JsonObject? resources)
    {
        var spec = apiService.Object("spec");
        var client = new JsonObject { ["service"] = spec.Object("service")?.DeepClone(), ["caBundle"] = spec.String("caBundle") };
        return new AggregatedApi(
            spec.String("group") ?? "",
            spec.String("version") ?? "",
            (int)(spec.Integer("groupPriorityMinimum") ?? 0),
            (int)(spec.Integer("versionPriority") ?? 0),
            WebhookTarget.From(client) with { SkipsVerification = spec.Boolean("insecureSkipTLSVerify") == true },
            isAvailable,
            resources);
    }
}

/// <summary>All that other servers serve. Replaced as a whole; any thread may read.</summary>
internal sealed class AggregatedApis
{
    private readonly Lock gate = new();
    private volatile IReadOnlyList<AggregatedApi> all = [];

    /// <summary>Preferred groups first, within a group preferred versions.</summary>
    public IReadOnlyList<AggregatedApi> All => all;

    public AggregatedApi? Find(string group, string version) => all.FirstOrDefault(api => api.Group == group && api.Version == version);

    /// <summary>Who serves this path; null: this server itself.</summary>
    public AggregatedApi? Of(string path) => all.Count == 0 ? null : path.Split('/', 6, StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["apis", var group, var version, ..] => Find(group, version),
        ["openapi", "v3", "apis", var group, var version] => Find(group, version),
        _ => null,
    };

    public void Set(IEnumerable<AggregatedApi> apis)
    {
        lock (gate)
        {
            all = Ordered(apis);
        }
    }

    /// <summary>Adds one, in the place of what was known of its group and version.</summary>
    public void Put(AggregatedApi api)
    {
        lock (gate)
        {
            all = Ordered(all.Where(known => known.Group != api.Group || known.Version != api.Version).Append(api));
        }
    }

    private static IReadOnlyList<AggregatedApi> Ordered(IEnumerable<AggregatedApi> apis) =>
    [
        .. apis.OrderByDescending(api => api.GroupPriority).ThenBy(api => api.Group, StringComparer.Ordinal)
            .ThenByDescending(api => api.VersionPriority).ThenByDescending(api => api.Version, VersionOrder.Comparer),
    ];
}
