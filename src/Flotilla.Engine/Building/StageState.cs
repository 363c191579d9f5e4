using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Dockerfiles;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;

namespace Flotilla.Engine.Building;

/// <summary>How far a stage has come: an image, or nothing yet of <c>scratch</c>.</summary>
internal sealed class StageState(ImageContent? image, char escape, BuildArguments arguments)
{
    public ImageContent? Image { get; private set; } = image;

    public string ImageId => Image?.Id ?? "";

    public ImageDraft Draft { get; private set; } = image is null ? ImageDraft.Empty() : ImageDraft.On(image);

    /// <summary>Cleared by the first step that is not known: what comes after it cannot be either.</summary>
    public bool MayBeKnown { get; private set; } = true;

    /// <summary>Of the image, changed by the step that is being made.</summary>
    public JsonObject Settings { get; private set; } = image?.Settings.Copy() ?? [];

    public SettingInstructions Instructions { get; private set; } = null!;

    public ShellWords Words => new(escape, Variable);

    public IReadOnlyList<string> Environment => [.. (Settings.Array("Env") ?? []).Select(line => line.AsString() ?? "")];

    /// <summary>The settings are changed by one object per stage: it remembers whether a command was set here.</summary>
    public StageState Begin()
    {
        Instructions = new SettingInstructions(Settings, Words);
        return this;
    }

    public void Reach(ImageContent reached, bool isKnown)
    {
        Image = reached;
        Draft = ImageDraft.On(reached);
        MayBeKnown &= isKnown;
    }

    // The image's own win over arguments.
    private string? Variable(string name) => Environment.FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? arguments.InStage(name);
}
