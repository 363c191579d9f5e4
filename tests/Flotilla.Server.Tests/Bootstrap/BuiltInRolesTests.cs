using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Bootstrap;

public sealed class BuiltInRolesTests(ApiHost host)
{
    private const string Api = "/apis/rbac.authorization.k8s.io/v1/";

    [Fact]
    public async Task A_fresh_cluster_has_exactly_the_recorded_roles_and_bindings()
    {
        await host.Admin.EventuallyAsync($"{Api}clusterroles/admin", reply => ((JsonArray?)reply["rules"])?.Count == 29);
        var found = new List<string>();
        foreach (var (plural, kind) in ((string, string)[])[("clusterroles", "ClusterRole"), ("clusterrolebindings", "ClusterRoleBinding"), ("roles", "Role"), ("rolebindings", "RoleBinding")])
        {
            var list = (await host.Admin.GetAsync($"{Api}{plural}?labelSelector=kubernetes.io/bootstrapping=rbac-defaults")).Expect(200);
            found.AddRange(((JsonArray)list["items"]!).Where(item => !((string)item!["metadata"]!["name"]!).StartsWith("flotilla:", StringComparison.Ordinal)).Select(item => $"{kind} {(string?)item!["metadata"]!["namespace"]}/{(string?)item["metadata"]!["name"]} {Digest(item)}"));
        }

        Assert.Equal(RecordedRoles.Table.Split('\n').Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private static string Digest(JsonNode item)
    {
        var lines = new List<string> { Pairs(item["metadata"]!["labels"]), Pairs(item["metadata"]!["annotations"]) };
        lines.AddRange(Each(item["rules"]).Select(rule => string.Join('|', ((string[])["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"]).Select(name => string.Join(' ', Each(rule[name]).Select(value => (string)value!))))));
        lines.AddRange(Each(item["aggregationRule"]?["clusterRoleSelectors"]).Select(selector => Pairs(selector["matchLabels"])));
        if (item["roleRef"] is { } role)
        {
            lines.Add($"{role["apiGroup"]}/{role["kind"]}/{role["name"]}");
        }

        lines.AddRange(Each(item["subjects"]).Select(subject => $"{subject["kind"]}:{subject["apiGroup"]}:{subject["namespace"]}:{subject["name"]}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..12];
    }

    private static IEnumerable<JsonNode> Each(JsonNode? list) => (list as JsonArray)?.OfType<JsonNode>() ?? [];

    private static string Pairs(JsonNode? map) => string.Join(',', ((JsonObject)map!).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));
}
