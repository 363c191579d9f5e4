using Flotilla.Docker;

namespace Flotilla.Engine.Events;

/// <summary>Which events <c>docker events --filter</c> means. Pure.</summary>
internal static class EventFilters
{
    private static readonly string[] Types = ["config", "container", "daemon", "network", "node", "plugin", "secret", "service", "volume"];

    public static Filters Parse(string? text) => Filters.Parse(text, ["event", "image", "label", "scope", "type", .. Types]);

    public static bool Show(Filters filters, EngineEvent happened) =>
        filters.Is("type", happened.Type)
        && (!filters.Has("event") || filters["event"].Any(action => happened.Action == action || happened.Action.StartsWith(action + ":", StringComparison.Ordinal)))
        && filters.Is("scope", happened.Scope)
        && filters.Labels("label", happened.Attributes)
        && Types.All(type => !filters.Has(type) || (happened.Type == type && filters[type].Any(word => Means(happened, word))))
        && (!filters.Has("image") || filters["image"].Any(word => IsOfImage(happened, word)));

    private static bool Means(EngineEvent happened, string word) =>
        happened.Id.StartsWith(word, StringComparison.Ordinal) || happened.Attributes.GetValueOrDefault("name")?.StartsWith(word, StringComparison.Ordinal) == true;

    // An image's own events, and those of its containers.
    private static bool IsOfImage(EngineEvent happened, string word) =>
        happened.Type is "image" or "container"
        && ((string?[])[happened.Id, happened.Attributes.GetValueOrDefault(happened.Type == "image" ? "name" : "image")]).Any(name => name == word || WithoutTag(name) == word);

    private static string? WithoutTag(string? name) => name is not null && name.LastIndexOf(':') is var at && at > name.LastIndexOf('/') ? name[..at] : name;
}
