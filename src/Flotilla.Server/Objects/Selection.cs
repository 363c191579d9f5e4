using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;
using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>Which objects of a resource a list, watch or collection delete covers.</summary>
public sealed record Selection(Kind Kind, string? Namespace, LabelSelector Labels, FieldSelector Fields)
{
    private readonly string? name = Fields.Required("metadata.name") is { } required ? "/" + required : null;

    /// <summary>Every object under <see cref="Prefix"/> is selected: nothing needs to be decoded.</summary>
    public bool IsEverything => Labels.IsEverything && Fields.IsEverything;

    public string Prefix => (Kind.StoredAs ?? Kind).StoragePrefix + (Namespace is null ? "" : Namespace + "/");

    /// <summary>The only key that can match, when the selection names one object of one namespace.</summary>
    public string? SingleKey => name is not null && (Namespace is not null || !Kind.IsNamespaced) ? Prefix + name[1..] : null;

    public bool Matches(StoredEntry entry) => Matches(entry.Key, entry.Notes, entry.Value, entry.Modified);

    public bool Matches(string key, EntryNotes? notes, ReadOnlyMemory<byte> stored, Revision revision)
    {
        if (IsEverything)
        {
            return true;
        }

        // Names are in the key: the commonest field selector costs no decoding.
        if (name is not null && !key.EndsWith(name, StringComparison.Ordinal))
        {
            return false;
        }

        if (name is not null && Labels.IsEverything && Fields.Requirements.Count == 1)
        {
            return true;
        }

        var facts = StoredFacts.Of(notes, stored, revision);
        return Labels.Matches(facts.Labels) && (Fields.IsEverything || MatchesFields(facts, stored, revision));
    }

    private bool MatchesFields(StoredFacts facts, ReadOnlyMemory<byte> stored, Revision revision)
    {
        if (Kind.StoredAs is null)
        {
            return Fields.Matches(path => Plain(path, facts.Field(Kind.SelectableFields.GetValueOrDefault(path) ?? path)));
        }

        var value = ObjectStore.Decode(Kind, stored, revision);
        return Fields.Matches(path => Plain(path, FieldSelector.Value(value, Kind.SelectableFields.GetValueOrDefault(path) ?? path)));
    }

    // A flag that is not set is false to whoever selects by it.
    private static string Plain(string path, string text) => text.Length == 0 && path is ("spec.unschedulable" or "spec.hostNetwork") ? "false" : text;
}
