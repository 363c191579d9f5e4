using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>The volumes of a pod: exactly one source each, checked in the order upstream looks for them.</summary>
internal static class VolumeSourceRules
{
    private const string OneOnly = "may not specify more than 1 volume type";

    private static readonly string[] Order =
    [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs", "flocker", "persistentVolumeClaim",
        "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
        "azureDisk", "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
    ];

    private static readonly FrozenDictionary<string, int> Places = Order.Index().ToFrozenDictionary(source => source.Item, source => source.Index, StringComparer.Ordinal);

    private static readonly string[] HostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    /// <summary>Checks all volumes and collects those that mounts may use; a volume with errors cannot be mounted.</summary>
    public static IReadOnlyList<FieldError> Check(JsonObject spec, string path, JsonObject? metadata, Dictionary<string, JsonObject> usable)
    {
        // Containers are checked against the volumes whether or not anybody reads these errors.
        var errors = new List<FieldError>();
        var claims = metadata.String("name") is { Length: > 0 } pod ? spec.Objects("volumes").Where(volume => volume.Object("ephemeral") is not null).Select(volume => $"{pod}-{volume.String("name")}").ToHashSet() : [];
        foreach (var (volume, i) in spec.Objects("volumes").Select((volume, i) => (volume, i)))
        {
            var at = FieldRules.Indexed(path, i);
            var before = errors.Count;
            errors.AddRange(CheckVolume(volume, at, metadata, usable));
            if (errors.Count == before)
            {
                usable[volume.String("name")!] = volume;
            }

            if (volume.Object("persistentVolumeClaim").String("claimName") is { } claim && claims.Contains(claim))
            {
                errors.Add(FieldError.Invalid($"{at}.persistentVolumeClaim.claimName", claim, "must not reference a PVC that gets created for an ephemeral volume"));
            }
        }

        return errors;
    }

    public static IEnumerable<FieldError> HostPath(JsonObject source, string path)
    {
        if (source.String("path") is not { Length: > 0 } host)
        {
            return [FieldError.Required($"{path}.path")];
        }

        return PathRules.NoBacksteps(host, $"{path}.path")
            .Concat(source.String("type") is { } type && !HostPathTypes.Contains(type) ? [FieldError.NotSupported($"{path}.type", type, HostPathTypes)] : []);
    }

    private static IEnumerable<FieldError> CheckVolume(JsonObject volume, string path, JsonObject? metadata, Dictionary<string, JsonObject> usable) =>
        CheckSources(volume, path, metadata).Concat(FieldRules.RequiredName(volume, "name", path, Names.CheckLabel))
            .Concat(volume.String("name") is { } name && usable.ContainsKey(name) ? [FieldError.Duplicate($"{path}.name", name)] : []);

    private static IEnumerable<FieldError> CheckSources(JsonObject volume, string path, JsonObject? metadata)
    {
        var sources = volume.Where(field => field.Value is JsonObject && Places.ContainsKey(field.Key)).Select(field => field.Key).OrderBy(source => Places[source]).ToList();
        if (sources.Count == 0)
        {
            return [FieldError.Required(path, "must specify a volume type")];
        }

        return CheckSource(sources[0], volume, path, metadata)
            .Concat(sources.Skip(1).Select(extra => FieldError.Forbidden($"{path}.{NameWhenSecond(extra)}", OneOnly)));
    }

    // Two of upstream's paths are spelled in their own way.
    public static string NameWhenSecond(string source) => source switch { "cephfs" => "cephFS", "downwardAPI" => "downwarAPI", _ => source };

    private static IEnumerable<FieldError> CheckSource(string type, JsonObject volume, string parent, JsonObject? metadata)
    {
        var (source, path) = (volume.Object(type)!, $"{parent}.{(type == "gcePersistentDisk" ? "persistentDisk" : type)}");
        return type switch
        {
            "emptyDir" => FieldRules.Amount(source["sizeLimit"]) is { Sign: < 0 } ? [FieldError.Forbidden($"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")] : [],
            "hostPath" => HostPath(source, path),
            "gitRepo" => FieldRules.Required(source, "repository", path).Concat(PathRules.Descending(source.String("directory") ?? "", $"{path}.directory")),
            "secret" => FieldRules.Required(source, "secretName", path).Concat(ProjectionRules.Mode(source, "defaultMode", path)).Concat(ProjectionRules.Items(source, path)),
            "configMap" => FieldRules.Required(source, "name", path).Concat(ProjectionRules.Mode(source, "defaultMode", path)).Concat(ProjectionRules.Items(source, path)),
            "persistentVolumeClaim" => FieldRules.Required(source, "claimName", path),
            "downwardAPI" => ProjectionRules.Mode(source, "defaultMode", path).Concat(source.Objects("items").SelectMany(item => ProjectionRules.DownwardFile(item, path))),
            "projected" => ProjectionRules.Check(source, path),
            "csi" => CheckInline(source, path),
            "ephemeral" => CheckEphemeral(source, volume, parent, metadata),
            "image" => FieldRules.Required(source, "reference", path).Concat(FieldRules.OneOf(source, "pullPolicy", path, "Always", "IfNotPresent", "Never")),
            _ => StorageSourceRules.Check(type, source, path),
        };
    }

    private static IEnumerable<FieldError> CheckInline(JsonObject source, string path) =>
        StorageSourceRules.DriverName(source.String("driver"), $"{path}.driver")
            .Concat(source.Object("nodePublishSecretRef") is { } secret ? FieldRules.Required(secret, "name", $"{path}.nodePublishSecretRef") : []);

    private static IEnumerable<FieldError> CheckEphemeral(JsonObject source, JsonObject volume, string parent, JsonObject? metadata)
    {
        var path = $"{parent}.ephemeral.volumeClaimTemplate";
        if (source.Object("volumeClaimTemplate") is not { } template)
        {
            return [FieldError.Required(path)];
        }

        var errors = MetadataRules.CheckAnnotations(template.Object("metadata").Object("annotations"), $"{path}.metadata.annotations")
            .Concat(FieldRules.LabelMap(template.Object("metadata").Object("labels"), $"{path}.metadata.labels"))
            .Concat(VolumeClaimRules.CheckSpec(template.Object("spec") ?? [], $"{path}.spec"));
        if (metadata.String("name") is { Length: > 0 } pod && volume.String("name") is { Length: > 0 } name && Names.CheckSubdomain($"{pod}-{name}") is { } wrong)
        {
            errors = errors.Append(FieldError.Invalid($"{parent}.name", name, $"PVC name \"{pod}-{name}\": {wrong}"));
        }

        return errors;
    }
}
