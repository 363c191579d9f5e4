using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Images.Making;

/// <summary>What <c>docker history</c> tells of a step.</summary>
internal sealed record HistoryStep(DateTime Created, string CreatedBy, string Comment = "", string Author = "");

/// <summary>An image before it is written: its configuration and its layers, the lowest first. Pure.</summary>
internal sealed record ImageDraft(JsonObject Config, IReadOnlyList<Blob> Layers)
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";

    /// <summary>What an image says to containers; the rest of a container's configuration is its own.</summary>
    private static readonly string[] Kept = ["User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck", "OnBuild", "Shell"];

    public JsonObject Settings => Config.Object("config") ?? [];

    public string ChainId => (Config.Object("rootfs").Array("diff_ids") ?? []).Select(layer => layer.AsString()!).Aggregate("", Chain.Of);

    /// <summary>Without files.</summary>
    public static ImageDraft Empty() => new(
        new JsonObject
        {
            ["architecture"] = ThisMachine.Architecture,
            ["config"] = new JsonObject(),
            ["history"] = new JsonArray(),
            ["os"] = "linux",
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray() },
        },
        []);

    public static ImageDraft On(ImageContent image) => new(image.Config.Copy(), [.. image.LayerBlobs.Select(blob => blob with { MediaType = LayerType(blob.MediaType) })]);

    /// <param name="layer">null: the step changes no files.</param>
    public ImageDraft With(JsonObject settings, HistoryStep step, Layer? layer)
    {
        var config = Config.Copy();
        var created = TimeWords.Of(step.Created);
        config["created"] = created;
        config["config"] = new JsonObject(Kept.Where(name => settings[name] is not null).Select(name => KeyValuePair.Create(name, settings[name]?.DeepClone())));
        if (step.Author.Length > 0)
        {
            config["author"] = step.Author;
        }

        var line = new JsonObject { ["created"] = created };
        foreach (var (name, text) in new[] { ("author", step.Author), ("created_by", step.CreatedBy), ("comment", step.Comment) }.Where(pair => pair.Item2.Length > 0))
        {
            line[name] = text;
        }

        if (config["history"] is not JsonArray history)
        {
            config["history"] = history = [];
        }

        history.Add((JsonNode)line);
        if (layer is null)
        {
            line["empty_layer"] = true;
            return new ImageDraft(config, Layers);
        }

        config.Child("rootfs").Array("diff_ids")!.Add(layer.DiffId);
        return new ImageDraft(config, [.. Layers, layer.Blob]);
    }

    public byte[] ConfigBytes() => WireJson.Bytes(Config).ToArray();

    public JsonObject Manifest(Blob config) => new()
    {
        ["schemaVersion"] = 2,
        ["mediaType"] = ManifestType,
        ["config"] = Descriptor(config with { MediaType = ConfigType }),
        ["layers"] = WireJson.Array(Layers.Select(Descriptor)),
    };

    private static JsonObject Descriptor(Blob blob) => new() { ["mediaType"] = blob.MediaType, ["digest"] = blob.Digest, ["size"] = blob.Size };

    private static string LayerType(string type) => type.StartsWith(DockerLayer, StringComparison.Ordinal)
        ? "application/vnd.oci.image.layer.v1.tar" + type[DockerLayer.Length..].Replace('.', '+') : type;
}
