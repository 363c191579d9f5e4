using Flotilla.Api.Kinds.Core;

namespace Flotilla.Api.Kinds;

/// <summary>Events in their newer form; the core form is what is stored.</summary>
public static class EventsKinds
{
    public static readonly Kind Event = new("events.k8s.io", "v1", "events", "Event", Scope.Namespaced)
    {
        ShortNames = ["ev"],
        StoredAs = CoreKinds.Event,
        ToStored = EventRules.ToCore,
        FromStored = EventRules.FromCore,
        AllowsCreateOnUpdate = true,
        Validate = EventRules.CheckEvent,
        SelectableFields = EventRules.EventSelectableFields,
        Columns = EventRules.Columns(core: false),
    };

    public static IEnumerable<Kind> All => [Event];
}
