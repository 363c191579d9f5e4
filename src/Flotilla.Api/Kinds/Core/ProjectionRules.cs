using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Volumes made of files that come out of the API: secrets, config maps, fields of the pod, tokens.</summary>
internal static class ProjectionRules
{
    private const long HighestExpiration = 1L << 32;
    private const string Conflict = "conflicting duplicate paths";
    private static readonly string[] Sources = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
    private static readonly string[] Fields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    public static IEnumerable<FieldError> Check(JsonObject projected, string path)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return Mode(projected, "defaultMode", path).Concat(FieldRules.Each(projected, "sources", path, (source, at) => CheckSource(source, at, path, taken)));
    }

    public static IEnumerable<FieldError> Items(JsonObject source, string path) => FieldRules.Each(source, "items", path, Item);

    public static IEnumerable<FieldError> Mode(JsonObject source, string name, string path) =>
        source.Integer(name) is { } mode and (< 0 or > 511) ? [FieldError.Invalid($"{path}.{name}", mode, "must be a number between 0 and 0777 (octal), both inclusive")] : [];

    /// <summary>A file that shows a field or resource of the pod; its errors do not say which of the files it is.</summary>
    public static IEnumerable<FieldError> DownwardFile(JsonObject file, string path)
    {
        var (field, resource) = (file.Object("fieldRef"), file.Object("resourceFieldRef"));
        var errors = FieldRules.Required(file, "path", path).Concat(PathRules.NotReserved(file.String("path") ?? "", $"{path}.path"));
        if (field is not null)
        {
            errors = errors.Concat(FieldReferenceRules.Field(field, $"{path}.fieldRef", Fields));
            errors = resource is null ? errors : errors.Append(FieldError.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
        }
        else
        {
            errors = errors.Concat(resource is null
                ? [FieldError.Required(path, "one of fieldRef and resourceFieldRef is required")]
                : FieldReferenceRules.Resource(resource, $"{path}.resourceFieldRef", isVolume: true));
        }

        return errors.Concat(Mode(file, "mode", path));
    }

    private static IEnumerable<FieldError> Item(JsonObject item, string path) =>
        FieldRules.Required(item, "key", path).Concat(FieldRules.Required(item, "path", path))
            .Concat(PathRules.NotReserved(item.String("path") ?? "", $"{path}.path")).Concat(Mode(item, "mode", path));

    private static IEnumerable<FieldError> CheckSource(JsonObject source, string path, string volume, HashSet<string> taken)
    {
        return CheckNamed(source.Object("secret"), $"{path}.secret", volume, taken)
            .Concat(CheckNamed(source.Object("configMap"), $"{path}.configMap", volume, taken))
            .Concat(FieldRules.Each(source.Object("downwardAPI"), "items", path, (file, _) =>
                DownwardFile(file, $"{path}.downwardAPI").Concat(Taken(file.String("path"), volume, file.String("path"), taken))))
            .Concat(CheckToken(source.Object("serviceAccountToken"), $"{path}.serviceAccountToken", volume))
            .Concat(CheckBundle(source.Object("clusterTrustBundle"), $"{path}.clusterTrustBundle", volume, taken))
            .Concat(Sources.Count(name => source.Object(name) is not null) > 1 ? [FieldError.Forbidden(path, "may not specify more than 1 volume type per source")] : []);
    }

    private static IEnumerable<FieldError> CheckNamed(JsonObject? named, string path, string volume, HashSet<string> taken) => named is null ? [] :
        FieldRules.Required(named, "name", path)
            .Concat(FieldRules.Each(named, "items", path, (item, at) => Item(item, at).Concat(Taken(item.String("path"), volume, named.String("name"), taken))));

    private static IEnumerable<FieldError> Taken(string? file, string volume, string? shown, HashSet<string> taken) =>
        string.IsNullOrEmpty(file) || taken.Add(file) ? [] : [FieldError.Invalid(volume, shown ?? "", Conflict)];

    private static IEnumerable<FieldError> CheckToken(JsonObject? token, string path, string volume)
    {
        if (token is null)
        {
            return [];
        }

        IEnumerable<FieldError> errors = token.Integer("expirationSeconds") switch
        {
            < 600 and var seconds => [FieldError.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")],
            > HighestExpiration and var seconds => [FieldError.Invalid($"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")],
            _ => [],
        };
        return errors.Concat(token.String("path") is { Length: > 0 } file ? PathRules.NotReserved(file, $"{volume}.path").Ratcheted(Ratchet.TokenPaths) : [FieldError.Required($"{volume}.path")]);
    }

    private static IEnumerable<FieldError> CheckBundle(JsonObject? bundle, string path, string volume, HashSet<string> taken)
    {
        if (bundle is null)
        {
            return [];
        }

        IEnumerable<FieldError> errors = (bundle.String("name"), bundle.String("signerName")) switch
        {
            (null, null) => [FieldError.Required(path, "either name or signerName must be specified")],
            (not null, not null) => [FieldError.Invalid(path, bundle.DeepClone(), "only one of name and signerName may be used")],
            ("", null) => [FieldError.Required($"{path}.name", "must be a valid object name")],
            (null, "") => [FieldError.Required($"{path}.signerName", "must be a valid signer name")],
            (not null, null) when bundle["labelSelector"] is { } selector => [FieldError.Invalid($"{path}.labelSelector", selector.DeepClone(), "labelSelector must be unset if name is specified")],
            _ => FieldRules.Selector(bundle.Object("labelSelector"), $"{path}.labelSelector"),
        };
        return errors.Concat(FieldRules.Required(bundle, "path", path)).Concat(PathRules.NotReserved(bundle.String("path") ?? "", $"{path}.path"))
            .Concat(Taken(bundle.String("path"), volume, bundle.String("path"), taken));
    }
}
