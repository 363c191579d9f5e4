using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Discovery;

/// <summary>What the API offers, told in both forms: group by group, and aggregated in one document.</summary>
public sealed class DiscoveryDocuments
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private readonly KindRegistry kinds;
    private readonly AggregatedApis apis;
    private readonly string serverAddress;
    private volatile Snapshot snapshot = new([], [], [], []);

    internal DiscoveryDocuments(KindRegistry kinds, AggregatedApis apis, string serverAddress)
    {
        this.kinds = kinds;
        this.apis = apis;
        this.serverAddress = serverAddress;
    }

    /// <summary>Null: the path is no discovery path.</summary>
    public ApiAnswer? TryAnswer(ApiRequest request)
    {
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var document = parts switch
        {
            ["api"] => WantsAggregated(request) ? null : CoreVersions(),
            ["api", var version] => Resources("", version),
            ["apis"] => WantsAggregated(request) ? null : Groups(),
            ["apis", var group] => Group(group),
            ["apis", var group, var version] => Resources(group, version),
            [] => Paths(),
            _ => null,
        };
        if (document is null && parts is ["api"] or ["apis"])
        {
            var body = parts[0] == "api" ? Aggregate().Core : Aggregate().Groups;
            var headers = new Dictionary<string, string> { ["ETag"] = $"\"{Convert.ToHexString(SHA512.HashData(body))}\"", ["Vary"] = "Accept", ["Cache-Control"] = "public" };
            return new ApiAnswer { ContentType = Aggregated, Body = body, Headers = headers };
        }

        if (document is not null && request.Method is not ("GET" or "HEAD"))
        {
            throw Failures.MethodNotAllowed();
        }

        return document is null ? null : Representation.Negotiate(request.Accept).Answer(document);
    }

    /// <summary>Both aggregated documents, written again when the kinds have changed.</summary>
    private Snapshot Aggregate()
    {
        var (all, remote) = (kinds.All, apis.All);
        if (!ReferenceEquals(snapshot.Kinds, all) || !ReferenceEquals(snapshot.Apis, remote))
        {
            snapshot = new Snapshot(all, remote, StoredObject.Serialize(AggregatedList(core: true)), StoredObject.Serialize(AggregatedList(core: false)));
        }

        return snapshot;
    }

    private static bool WantsAggregated(ApiRequest request) => request.Accept
        .Split(',', StringSplitOptions.TrimEntries)
        .Any(clause => clause.Contains("as=APIGroupDiscoveryList", StringComparison.Ordinal) && clause.Contains("v=v2", StringComparison.Ordinal) && !clause.Contains("v2beta1", StringComparison.Ordinal));

    private IReadOnlyList<ServedVersion> Served => ServedVersions.Of(kinds, apis);

    private JsonObject CoreVersions() => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    };

    private JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. Served.Where(pair => pair.Group.Length > 0).GroupBy(pair => pair.Group, StringComparer.Ordinal).Select(GroupEntry)]),
    };

    private JsonObject? Group(string group)
    {
        var versions = Served.Where(pair => pair.Group == group).ToList();
        if (versions.Count == 0)
        {
            return null;
        }

        var entry = GroupEntry(versions.GroupBy(pair => pair.Group, StringComparer.Ordinal).Single());
        entry.Insert(0, "kind", "APIGroup");
        entry.Insert(1, "apiVersion", "v1");
        return entry;
    }

    private static JsonObject GroupEntry(IGrouping<string, ServedVersion> group)
    {
        JsonObject Version(ServedVersion version) => new() { ["groupVersion"] = $"{group.Key}/{version.Version}", ["version"] = version.Version };
        return new JsonObject
        {
            ["name"] = group.Key,
            ["versions"] = new JsonArray([.. group.Select(Version)]),
            ["preferredVersion"] = Version(group.First()),
        };
    }

    private JsonObject? Resources(string group, string version)
    {
        var list = kinds.All.Where(kind => kind.Group == group && kind.Version == version).ToList();
        if (list.Count == 0)
        {
            return null;
        }

        var resources = new JsonArray();
        foreach (var kind in list.OrderBy(kind => kind.Plural, StringComparer.Ordinal))
        {
            resources.Add(Resource(kind));
            foreach (var sub in kind.Subresources)
            {
                resources.Add(SubresourceEntry(kind, sub));
            }
        }

        return new JsonObject { ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}", ["resources"] = resources };
    }

    private static JsonObject Resource(Kind kind)
    {
        var entry = new JsonObject { ["name"] = kind.Plural, ["singularName"] = kind.Singular, ["namespaced"] = kind.IsNamespaced, ["kind"] = kind.Name, ["verbs"] = Strings(kind.Verbs) };
        if (kind.ShortNames.Count > 0)
        {
            entry["shortNames"] = Strings(kind.ShortNames);
        }

        if (kind.Categories.Count > 0)
        {
            entry["categories"] = Strings(kind.Categories);
        }

        return entry;
    }

    private static JsonObject SubresourceEntry(Kind kind, Subresource sub)
    {
        var entry = new JsonObject { ["name"] = $"{kind.Plural}/{sub.Name}", ["singularName"] = "", ["namespaced"] = kind.IsNamespaced };
        if (sub.Kind.Group != kind.Group || sub.Kind.Version != kind.Version)
        {
            entry["group"] = sub.Kind.Group;
            entry["version"] = sub.Kind.Version;
        }

        entry["kind"] = sub.Kind.Kind;
        entry["verbs"] = Strings(sub.Verbs);
        return entry;
    }

    private JsonObject AggregatedList(bool core)
    {
        var items = new JsonArray();
        var known = kinds.All.ToLookup(kind => (kind.Group, kind.Version));
        foreach (var group in Served.GroupBy(pair => pair.Group, StringComparer.Ordinal).Where(group => (group.Key.Length == 0) == core))
        {
            var versions = new JsonArray();
            foreach (var (name, version, api) in group)
            {
                if (api is not null)
                {
                    versions.Add(RemoteResources.VersionOf(api));
                    continue;
                }

                var list = known[(name, version)].OrderBy(kind => kind.Plural, StringComparer.Ordinal);
                versions.Add(new JsonObject { ["version"] = version, ["resources"] = new JsonArray([.. list.Select(AggregatedResource)]), ["freshness"] = "Current" });
            }

            items.Add(new JsonObject { ["metadata"] = group.Key.Length == 0 ? new JsonObject() : new JsonObject { ["name"] = group.Key }, ["versions"] = versions });
        }

        return new JsonObject { ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = "apidiscovery.k8s.io/v2", ["metadata"] = new JsonObject(), ["items"] = items };
    }

    private static JsonObject AggregatedResource(Kind kind)
    {
        var entry = new JsonObject
        {
            ["resource"] = kind.Plural,
            ["responseKind"] = Response(kind.Identity, kind),
            ["scope"] = kind.IsNamespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = kind.Singular,
            ["verbs"] = Strings(kind.Verbs),
        };
        if (kind.ShortNames.Count > 0)
        {
            entry["shortNames"] = Strings(kind.ShortNames);
        }

        if (kind.Categories.Count > 0)
        {
            entry["categories"] = Strings(kind.Categories);
        }

        var subs = kind.Subresources.Select(sub => (JsonNode)new JsonObject { ["subresource"] = sub.Name, ["responseKind"] = Response(sub.Kind, kind), ["verbs"] = Strings(sub.Verbs) }).ToArray();
        if (subs.Length > 0)
        {
            entry["subresources"] = new JsonArray(subs);
        }

        return entry;
    }

    // Group and version are told only where they differ from the resource's own.
    private static JsonObject Response(ResourceKind identity, Kind kind)
    {
        var same = identity.Group == kind.Group && identity.Version == kind.Version;
        return new JsonObject { ["group"] = same ? "" : identity.Group, ["version"] = same ? "" : identity.Version, ["kind"] = identity.Kind };
    }

    private JsonObject Paths()
    {
        var paths = new List<string> { "/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version" };
        foreach (var (group, version, _) in Served.Where(pair => pair.Group.Length > 0))
        {
            paths.Add($"/apis/{group}");
            paths.Add($"/apis/{group}/{version}");
        }

        return new JsonObject { ["paths"] = Strings(paths.Distinct().Order(StringComparer.Ordinal)) };
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private sealed record Snapshot(IReadOnlyList<Kind> Kinds, IReadOnlyList<AggregatedApi> Apis, byte[] Core, byte[] Groups);
}
