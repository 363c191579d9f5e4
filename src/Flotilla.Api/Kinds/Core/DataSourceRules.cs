using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>What a new volume is filled with; the older of the two fields repeats the newer.</summary>
internal static class DataSourceRules
{
    public static IEnumerable<FieldError> Check(JsonObject spec, string path)
    {
        var (source, reference) = (spec.Object("dataSource"), spec.Object("dataSourceRef"));
        var errors = (source is null ? [] : CheckOne(source, $"{path}.dataSource")).Concat(reference is null ? [] : CheckOne(reference, $"{path}.dataSourceRef"))
            .Concat(FieldRules.Named(reference, "namespace", $"{path}.dataSourceRef", Names.CheckLabel));
        if (source is null || reference is null)
        {
            return errors;
        }

        return string.IsNullOrEmpty(reference.String("namespace"))
            ? new[] { "apiGroup", "kind", "name" }.All(field => source[field].SameAs(reference[field])) ? errors : errors.Append(FieldError.Invalid(path, $"{path}.dataSource", "must match dataSourceRef"))
            : errors.Append(FieldError.Invalid(path, $"{path}.dataSource", "may not be specified when dataSourceRef.namespace is specified"));
    }

    private static IEnumerable<FieldError> CheckOne(JsonObject source, string path)
    {
        var kind = source.String("kind") ?? "";
        return FieldRules.Required(source, "name", path).Concat(FieldRules.Required(source, "kind", path))
            .Concat(string.IsNullOrEmpty(source.String("apiGroup")) && kind != "PersistentVolumeClaim" ? [FieldError.Invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")] : [])
            .Concat(FieldRules.Named(source, "apiGroup", path, Names.CheckSubdomain).Ratcheted(Ratchet.DataSourceGroups));
    }
}
