using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Engine.Images;

/// <summary>An image as docker shows it: all names that lead to one configuration.</summary>
/// <param name="Names">All names containerd has for it, the CRI plugin's own included.</param>
internal sealed record EngineImage(ImageContent Content, IReadOnlyList<string> Names, string TargetDigest)
{
    public string Id => Content.Id;

    public string ShortId => Id["sha256:".Length..][..12];

    /// <summary>Full names with a tag.</summary>
    public IReadOnlyList<string> Tags => [.. Names.Where(name => !name.Contains('@') && !name.StartsWith("sha256:", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Digests => [.. Names.Where(name => name.Contains('@')).Concat(Tags.Select(tag => $"{tag[..tag.LastIndexOf(':')]}@{TargetDigest}")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public DateTime Created => DateTime.TryParse(Content.Config.String("created"), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AdjustToUniversal, out var at) ? at : DateTime.UnixEpoch;

    public IReadOnlyDictionary<string, string> Labels => (Content.Settings.Object("Labels") ?? []).ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);

    public JsonObject Summary(int containers) => new()
    {
        ["Id"] = Id,
        ["ParentId"] = "",
        ["RepoTags"] = WireJson.Array(Tags.Select(tag => (JsonNode)ImageName.Familiar(tag))),
        ["RepoDigests"] = WireJson.Array(Digests.Select(name => (JsonNode)ImageName.Familiar(name))),
        ["Created"] = new DateTimeOffset(Created).ToUnixTimeSeconds(),
        ["Size"] = Content.Size,
        ["SharedSize"] = -1,
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
        ["Size"] = Content.Size,
        ["GraphDriver"] = new JsonObject { ["Name"] = "overlayfs", ["Data"] = null },
        ["RootFS"] = new JsonObject { ["Type"] = "layers", ["Layers"] = WireJson.Array(Content.Layers.Select(layer => (JsonNode)layer)) },
        ["Metadata"] = new JsonObject { ["LastTagTime"] = "0001-01-01T00:00:00Z" },
    };

    public JsonArray History() => WireJson.Array(Content.Config.Objects("history").Reverse().Select((step, index) => new JsonObject
    {
        ["Id"] = index == 0 ? Id : "<missing>",
        ["Created"] = DateTime.TryParse(step.String("created"), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AdjustToUniversal, out var at) ? new DateTimeOffset(at).ToUnixTimeSeconds() : 0,
        ["CreatedBy"] = step.String("created_by") ?? "",
        ["Tags"] = index == 0 && Tags.Count > 0 ? WireJson.Array(Tags.Select(tag => (JsonNode)ImageName.Familiar(tag))) : null,
        ["Size"] = 0,
        ["Comment"] = step.String("comment") ?? "",
    }));
}
