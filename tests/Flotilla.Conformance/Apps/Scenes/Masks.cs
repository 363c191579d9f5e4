using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Flotilla.Conformance.Apps.Scenes;

/// <summary>Leaves out of what a cluster says what differs by nature: times, identities, addresses, generated names.</summary>
internal static partial class Masks
{
    private const int MatchMilliseconds = 1000;

    private static readonly HashSet<string> Dropped = new(StringComparer.Ordinal)
    {
        "startTime", "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "startedAt", "finishedAt", "completionTime", "containerID", "imageID",
        "podIP", "podIPs", "hostIP", "hostIPs", "addresses", "uid", "nodeName", "observedGeneration",
        // Told by newer runtimes.
        "user",
    };

    public static string Name(string name) => ReplicaSetName().Replace(PodName().Replace(name, "$1-<id>"), "$1-<hash>$2");

    public static string ObjectName(JsonObject item)
    {
        var (kind, name) = ((string)item["kind"]!, (string)item["metadata"]!["name"]!);
        return kind == "EndpointSlice" ? $"{kind}/{item["metadata"]!["labels"]!["kubernetes.io/service-name"]}" : $"{kind}/{Name(name)}";
    }

    public static string Event(JsonObject item) => string.Join(
        " | ",
        item["type"], item["reason"], item["source"]!["component"], item["involvedObject"]!["fieldPath"] ?? "", Text((string)item["message"]!));

    /// <summary>Ready, status and the number of restarts.</summary>
    public static string Line(string[] cells) => string.Join(' ', cells.Skip(1).Take(2).Append(cells.Length > 3 ? Number(int.Parse(cells[3], CultureInfo.InvariantCulture)) : ""));

    public static JsonObject Shown(JsonObject item, IEnumerable<string> events, IEnumerable<string> lines)
    {
        var shown = new JsonObject();
        if (item["status"] is JsonObject status)
        {
            var kept = (JsonObject)Pruned(status)!;
            kept.Remove("resources");
            kept.Remove("allocatedResources");
            shown["status"] = kept;
        }

        foreach (var part in (string[])["endpoints", "ports"])
        {
            if (item[part] is { } value)
            {
                shown[part] = Pruned(value);
            }
        }

        shown["events"] = new JsonArray([.. events.Distinct().Order(StringComparer.Ordinal).Select(text => (JsonNode)text)]);
        shown["lines"] = new JsonArray([.. lines.Distinct().Order(StringComparer.Ordinal).Select(text => (JsonNode)text)]);
        return shown;
    }

    // How often something was restarted so far is a matter of the moment.
    private static string Number(int restarts) => restarts > 1 ? "several" : restarts.ToString(CultureInfo.InvariantCulture);

    private static JsonNode? Pruned(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map
            .Where(pair => !Dropped.Contains(pair.Key))
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Key == "restartCount" && (int)pair.Value! > 1 ? Number((int)pair.Value!) : Pruned(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Pruned)]),
        JsonValue value when value.TryGetValue<string>(out var text) => Text(text),
        _ => node?.DeepClone(),
    };

    private static string Text(string text)
    {
        text = Identity().Replace(text, "<uid>");
        text = Address().Replace(text, "<ip>");
        text = Wait().Replace(text, "back-off <n>s restarting");
        text = Assigned().Replace(text, "$1 to node-1");
        text = NoReference().Replace(text, "$1 reference $2:");
        text = NoProgram().Replace(text, "$1: no such file or directory");
        return Name(text);
    }

    [GeneratedRegex(@"\b(ds-ok|rs-ok|j-bad|j-deadline|j-ok|j-index-\d|d-(?:ok|bad)-[a-z0-9]{8,10})-[a-z0-9]{5}\b", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex PodName();

    [GeneratedRegex(@"\b(d-ok|d-bad)-[a-z0-9]*\d[a-z0-9]*\b(-<id>)?", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex ReplicaSetName();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex Identity();

    [GeneratedRegex(@"\b\d+\.\d+\.\d+\.\d+\b", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex Address();

    [GeneratedRegex("back-off [0-9a-z<>]+ restarting", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex Wait();

    [GeneratedRegex(@"(Successfully assigned \S+) to \S+", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex Assigned();

    // Versions of the runtime have more or less words for these.
    [GeneratedRegex("(failed to pull and unpack image (\"[^\"]*\"): failed to resolve) image:", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex NoReference();

    [GeneratedRegex(@"(?:error during container init: )?(exec: \S+: stat \S+): no such file or directory(?:: unknown)?", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex NoProgram();
}
