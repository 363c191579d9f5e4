using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Images;

/// <summary>An image as docker shows it: all names that lead to one configuration.</summary>
/// <param name="Names">All names containerd has for it, the CRI plugin's own included.</param>
/// <param name="LayerSizes">Bytes of each layer, unpacked, in their order.</param>
internal sealed record EngineImage(ImageContent Content, IReadOnlyList<string> Names, string TargetDigest, IReadOnlyList<long> LayerSizes)
{
    public string Id => Content.Id;

    public string ShortId => Id["sha256:".Length..][..12];

    /// <summary>Whether a word is the id or its beginning.</summary>
    public bool IsId(string word) => Id.StartsWith(word, StringComparison.Ordinal) || Id["sha256:".Length..].StartsWith(word, StringComparison.Ordinal);

    /// <summary>Full names with a tag.</summary>
    public IReadOnlyList<string> Tags => [.. Names.Where(name => !name.Contains('@') && !name.StartsWith("sha256:", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Digests => [.. Names.Where(name => name.Contains('@')).Concat(Tags.Select(tag => $"{tag[..tag.LastIndexOf(':')]}@{TargetDigest}")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>What docker removes by name: tags, and digests it was pulled with.</summary>
    public IReadOnlyList<string> References => [.. Tags, .. Names.Where(name => name.Contains('@')).Order(StringComparer.Ordinal)];

    public long Size => LayerSizes.Sum();

    public DateTime Created => TimeOf(Content.Config.String("created")) ?? DateTime.UnixEpoch;

    public IReadOnlyDictionary<string, string> Labels => (Content.Settings.Object("Labels") ?? []).ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);

    /// <param name="shown">Of all its tags, those that were asked for; their repositories' digests are shown too.</param>
    public JsonObject Summary(int containers, IReadOnlyList<string> shown, long sharedSize = -1) => new()
    {
        ["Id"] = Id,
        ["ParentId"] = "",
        ["RepoTags"] = WireJson.Array(shown.Select(tag => (JsonNode)ImageName.Familiar(tag))),
        ["RepoDigests"] = WireJson.Array(Digests.Where(name => shown.Count == Tags.Count || shown.Any(tag => name.StartsWith(tag[..tag.LastIndexOf(':')] + "@", StringComparison.Ordinal))).Select(name => (JsonNode)ImageName.Familiar(name))),
        ["Created"] = new DateTimeOffset(Created).ToUnixTimeSeconds(),
        ["Size"] = Size,
        ["SharedSize"] = sharedSize,
        ["Labels"] = WireJson.Map(Labels),
        ["Containers"] = containers,
    };

    public JsonObject Details() => new()
    {
        ["Id"] = Id,
        ["RepoTags"] = WireJson.Array(Tags.Select(tag => (JsonNode)ImageName.Familiar(tag))),
        ["RepoDigests"] = WireJson.Array(Digests.Select(name => (JsonNode)ImageName.Familiar(name))),
        ["Parent"] = "",
        ["Comment"] = Content.Config.Objects("history").LastOrDefault().String("comment") ?? "",
        ["Created"] = Content.Config.String("created") ?? "",
        ["DockerVersion"] = Content.Config.String("docker_version") ?? "",
        ["Author"] = Content.Config.String("author") ?? "",
        ["Config"] = Content.Settings.Copy(),
        ["Architecture"] = Content.Config.String("architecture") ?? "",
        ["Os"] = Content.Config.String("os") ?? "linux",
        ["Size"] = Size,
        ["GraphDriver"] = new JsonObject { ["Name"] = "overlayfs", ["Data"] = null },
        ["RootFS"] = new JsonObject { ["Type"] = "layers", ["Layers"] = WireJson.Array(Content.Layers.Select(layer => (JsonNode)layer)) },
        ["Metadata"] = new JsonObject { ["LastTagTime"] = "0001-01-01T00:00:00Z" },
    };

    /// <summary>The last step first.</summary>
    public JsonArray History()
    {
        var sizes = new Queue<long>(LayerSizes);
        var steps = Content.Config.Objects("history").Select(step => (Step: step, Size: step.Boolean("empty_layer") != true && sizes.TryDequeue(out var size) ? size : 0)).Reverse();
        return WireJson.Array(steps.Select((pair, index) => new JsonObject
        {
            ["Id"] = index == 0 ? Id : "<missing>",
            ["Created"] = TimeOf(pair.Step.String("created")) is { } at ? new DateTimeOffset(at).ToUnixTimeSeconds() : 0,
            ["CreatedBy"] = pair.Step.String("created_by") ?? "",
            ["Tags"] = index == 0 && Tags.Count > 0 ? WireJson.Array(Tags.Select(tag => (JsonNode)ImageName.Familiar(tag))) : null,
            ["Size"] = pair.Size,
            ["Comment"] = pair.Step.String("comment") ?? "",
        }));
    }

    private static DateTime? TimeOf(string? text) => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
}
