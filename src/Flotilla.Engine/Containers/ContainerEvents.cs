using Flotilla.Engine.Events;

namespace Flotilla.Engine.Containers;

/// <summary>Events of containers have their image, name and labels with them.</summary>
internal static class ContainerEvents
{
    public static void Container(this EventLog log, Container container, string action, params IEnumerable<(string Name, string Value)> more) =>
        log.Add("container", action, container.Id, [.. container.Record.Labels.Select(label => (label.Key, label.Value)), ("image", container.Record.Image), ("name", container.Record.Name), .. more]);
}
