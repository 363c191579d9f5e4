using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.CustomResources;

/// <summary>
/// All definitions as last seen, by name and by group. What is handed out is shared with the kinds made of it: it is
/// replaced, never changed. For one thread.
/// </summary>
internal sealed class DefinitionSet
{
    private readonly Dictionary<string, JsonObject> all = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, JsonObject>> groups = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => all.Keys;

    public JsonObject? Find(string name) => all.GetValueOrDefault(name);

    public IReadOnlyCollection<JsonObject> GroupOf(JsonObject definition) => Members(definition).Values;

    public void Clear()
    {
        all.Clear();
        groups.Clear();
    }

    public void Put(JsonObject definition)
    {
        var name = NameOf(definition);
        Remove(name);
        all[name] = definition;
        Members(definition)[name] = definition;
    }

    /// <summary>What was known under the name; null: nothing.</summary>
    public JsonObject? Remove(string name)
    {
        if (!all.Remove(name, out var known))
        {
            return null;
        }

        var members = Members(known);
        members.Remove(name);
        if (members.Count == 0)
        {
            groups.Remove(GroupName(known));
        }

        return known;
    }

    /// <summary>Those that lost a name to another one and may get it now.</summary>
    public IEnumerable<string> InConflict(JsonObject definition) =>
        GroupOf(definition).Where(member => !DefinitionStatus.IsTrue(member, "NamesAccepted")).Select(NameOf);

    public static string NameOf(JsonObject definition) => definition.Object("metadata").String("name")!;

    private Dictionary<string, JsonObject> Members(JsonObject definition)
    {
        var group = GroupName(definition);
        if (!groups.TryGetValue(group, out var members))
        {
            groups[group] = members = new(StringComparer.Ordinal);
        }

        return members;
    }

    private static string GroupName(JsonObject definition) => definition.Object("spec").String("group") ?? "";
}
