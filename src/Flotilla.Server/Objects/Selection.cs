using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;

namespace Flotilla.Server.Objects;

/// <summary>Which objects of a resource a list, watch or collection delete covers.</summary>
public sealed record Selection(Kind Kind, string? Namespace, LabelSelector Labels, FieldSelector Fields)
{
    /// <summary>Every object under <see cref="Prefix"/> is selected: nothing needs to be decoded.</summary>
    public bool IsEverything => Labels.IsEverything && Fields.IsEverything;

    public string Prefix => (Kind.StoredAs ?? Kind).StoragePrefix + (Namespace is null ? "" : Namespace + "/");

    public bool Matches(string key, ReadOnlyMemory<byte> stored)
    {
        if (IsEverything)
        {
            return true;
        }

        // Names are in the key: the commonest field selector costs no decoding.
        if (Fields.Required("metadata.name") is { } name && !key.EndsWith("/" + name, StringComparison.Ordinal))
        {
            return false;
        }

        return Matches((JsonObject)GoJson.Parse(stored.Span)!);
    }

    public bool Matches(JsonObject stored)
    {
        if (!Labels.Matches(stored.Object("metadata").Object("labels")))
        {
            return false;
        }

        if (Fields.IsEverything)
        {
            return true;
        }

        var value = stored;
        if (Kind.StoredAs is not null && Kind.FromStored is { } convert)
        {
            value = stored.Copy();
            convert(value);
        }

        return Fields.Matches(path => FieldValue(value, path));
    }

    private string FieldValue(JsonObject value, string path)
    {
        var text = FieldSelector.Value(value, Kind.SelectableFields.GetValueOrDefault(path) ?? path);
        return text.Length == 0 && path is ("spec.unschedulable" or "spec.hostNetwork") ? "false" : text;
    }
}
