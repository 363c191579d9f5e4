using Flotilla.Engine.Events;

namespace Flotilla.Engine.Images;

internal static class ImageEvents
{
    /// <summary>An event of an image, with its labels.</summary>
    public static void Image(this EventLog events, EngineImage image, string action, string name) =>
        events.Add("image", action, image.Id, [.. image.Labels.Select(label => (label.Key, label.Value)), ("name", name)]);
}
