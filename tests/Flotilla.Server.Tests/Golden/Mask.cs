using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Flotilla.Server.Tests.Golden;

/// <summary>Replaces what differs by nature between two clusters (identities, times, versions, addresses) in recorded and fresh answers alike.</summary>
internal static partial class Mask
{
    private static readonly Dictionary<string, string> ByField = new(StringComparer.Ordinal)
    {
        ["uid"] = "<uid>", ["resourceVersion"] = "<rv>", ["continue"] = "<token>", ["clusterIP"] = "<ip>",
        ["creationTimestamp"] = "<time>", ["deletionTimestamp"] = "<time>", ["time"] = "<time>", ["startTime"] = "<time>",
        ["lastTransitionTime"] = "<time>", ["lastUpdateTime"] = "<time>", ["lastProbeTime"] = "<time>", ["lastPhaseTransitionTime"] = "<time>",
        ["nodePort"] = "<port>", ["healthCheckNodePort"] = "<port>",
        ["gitCommit"] = "-", ["gitVersion"] = "-", ["buildDate"] = "-", ["goVersion"] = "-", ["compiler"] = "-", ["platform"] = "-", ["gitTreeState"] = "-",
    };

    public static JsonNode? Of(JsonNode? value, string? field = null) => value switch
    {
        JsonObject map => new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, pair.Key == "deployment.kubernetes.io/revision" ? "<revision>" : Of(pair.Value, pair.Key)))),
        JsonArray list when field == "clusterIPs" => new JsonArray([.. list.Select(item => (JsonNode?)((string?)item == "None" ? "None" : "<ip>"))]),
        JsonArray list when field == "causes" => new JsonArray([.. list.Select(item => Of(item)).OrderBy(item => item?.ToJsonString(), StringComparer.Ordinal)]),
        JsonArray list => new JsonArray([.. list.Select(item => Of(item))]),
        null => null,
        _ when field is not null && ByField.TryGetValue(field, out var mask) && !IsNothing(value) => mask,
        _ => value.GetValueKind() == JsonValueKind.String ? Text(value.GetValue<string>()) : value.DeepClone(),
    };

    private static bool IsNothing(JsonNode value) => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is "" or "None";

    private static string Text(string text)
    {
        if (Age().IsMatch(text))
        {
            return "<age>";
        }

        if (Address().IsMatch(text))
        {
            return "<ip>";
        }

        text = NodePort().Replace(text, ":<port>/");
        text = Uid().Replace(text, "<uid>");
        text = Volume().Replace(text, "kube-api-access-<id>");
        text = Hunk().Replace(text, "@@ <lines> @@");
        text = Credential().Replace(text, "X509SHA256=<hash>");
        return Generated().Replace(text, "g-<id>");
    }

    public static IEnumerable<string> Differences(JsonNode? wanted, JsonNode? got, string path = "")
    {
        if (JsonNode.DeepEquals(wanted, got))
        {
            return [];
        }

        return (wanted, got) switch
        {
            (JsonObject left, JsonObject right) => left.Concat(right).Select(pair => pair.Key).Distinct().SelectMany(name => Differences(left[name], right[name], $"{path}.{name}")),
            (JsonArray left, JsonArray right) when left.Count == right.Count => left.Zip(right).SelectMany((pair, at) => Differences(pair.First, pair.Second, string.Create(CultureInfo.InvariantCulture, $"{path}[{at}]"))),
            _ => [$"{path}: wanted {Short(wanted)}, got {Short(got)}"],
        };
    }

    private static string Short(JsonNode? value) => value?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 600)] : "nothing";

    [GeneratedRegex(@"^\d+[smhd](\d+[smh])?$", RegexOptions.NonBacktracking)]
    private static partial Regex Age();

    [GeneratedRegex(@"^10\.\d+\.\d+\.\d+$", RegexOptions.NonBacktracking)]
    private static partial Regex Address();

    [GeneratedRegex(@":3\d{4}/", RegexOptions.NonBacktracking)]
    private static partial Regex NodePort();

    [GeneratedRegex(@"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Uid();

    // Where a change stands in Go's view of a pod: the recorded server counted 18 lines more than its answers account for.
    [GeneratedRegex(@"@@ -\d+,\d+ \+\d+,\d+ @@", RegexOptions.NonBacktracking)]
    private static partial Regex Hunk();

    [GeneratedRegex("X509SHA256=[0-9a-f]{64}", RegexOptions.NonBacktracking)]
    private static partial Regex Credential();

    [GeneratedRegex(@"kube-api-access-\w{5}", RegexOptions.NonBacktracking)]
    private static partial Regex Volume();

    [GeneratedRegex(@"\bg-[a-z0-9]{5}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Generated();
}
