using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class VolumeSourceRules
{
    private static readonly string[] Order =
    [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs", "persistentVolumeClaim", "rbd",
        "cinder", "cephfs", "flocker", "downwardAPI", "fc", "configMap", "azureFile", "vsphereVolume", "quobyte", "azureDisk", "storageos", "projected",
        "portworxVolume", "scaleIO", "csi", "ephemeral", "image", "photonPersistentDisk", "flexVolume",
    ];

    private static readonly string[] HostPathTypes = ["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"];

    /// <summary>Checks all volumes and collects the names that mounts may use.</summary>
    public static IEnumerable<FieldError> Check(JsonObject spec, string path, HashSet<string> names)
    {
        // Containers are checked against the names whether or not anybody reads these errors.
        var errors = new List<FieldError>();
        foreach (var (volume, i) in spec.Objects("volumes").Select((volume, i) => (volume, i)))
        {
            var at = FieldRules.Indexed(path, i);
            errors.AddRange(CheckSources(volume, at));
            var name = volume.String("name") ?? "";
            if (name.Length == 0)
            {
                errors.Add(FieldError.Required($"{at}.name"));
            }
            else if (Names.CheckLabel(name) is { } wrong)
            {
                errors.Add(FieldError.Invalid($"{at}.name", name, wrong));
            }
            else if (!names.Add(name))
            {
                errors.Add(FieldError.Duplicate($"{at}.name", name));
            }
        }

        return errors;
    }

    private static IEnumerable<FieldError> CheckSources(JsonObject volume, string path)
    {
        var sources = Order.Where(source => volume[source] is JsonObject).ToList();
        if (sources.Count == 0)
        {
            return [FieldError.Required(path, "must specify a volume type")];
        }

        return CheckSource(sources[0], volume.Object(sources[0])!, $"{path}.{sources[0]}")
            .Concat(sources.Skip(1).Select(extra => FieldError.Forbidden($"{path}.{extra}", "may not specify more than 1 volume type")));
    }

    private static IEnumerable<FieldError> CheckSource(string type, JsonObject source, string path) => type switch
    {
        "emptyDir" => FieldRules.NonNegativeAmount(source["sizeLimit"], $"{path}.sizeLimit"),
        "hostPath" => CheckHostPath(source, path),
        "secret" => FieldRules.Required(source, "secretName", path).Concat(CheckMode(source, "defaultMode", path)).Concat(CheckItems(source, path)),
        "configMap" => FieldRules.Required(source, "name", path).Concat(CheckMode(source, "defaultMode", path)).Concat(CheckItems(source, path)),
        "nfs" => FieldRules.Required(source, "server", path).Concat(FieldRules.Required(source, "path", path)),
        "persistentVolumeClaim" => FieldRules.Required(source, "claimName", path),
        "downwardAPI" => CheckMode(source, "defaultMode", path).Concat(source.Objects("items").SelectMany((item, i) => CheckPath(item, FieldRules.Indexed($"{path}.items", i)))),
        "projected" => CheckMode(source, "defaultMode", path).Concat(source.Objects("sources").SelectMany((item, i) => CheckProjection(item, FieldRules.Indexed($"{path}.sources", i)))),
        "csi" => FieldRules.Required(source, "driver", path),
        "ephemeral" => source.Object("volumeClaimTemplate") is { } template
            ? VolumeClaimRules.CheckSpec(template.Object("spec") ?? [], $"{path}.volumeClaimTemplate.spec")
            : [FieldError.Required($"{path}.volumeClaimTemplate")],
        "image" => FieldRules.Required(source, "reference", path).Concat(FieldRules.OneOf(source, "pullPolicy", path, "Always", "IfNotPresent", "Never")),
        _ => [],
    };

    private static IEnumerable<FieldError> CheckHostPath(JsonObject source, string path)
    {
        if (source.String("path") is not { Length: > 0 } host)
        {
            yield return FieldError.Required($"{path}.path");
        }
        else if (host.Split('/').Contains(".."))
        {
            yield return FieldError.Invalid($"{path}.path", host, "must not contain '..'");
        }

        if (source.String("type") is { } type && !HostPathTypes.Contains(type))
        {
            yield return FieldError.NotSupported($"{path}.type", type, HostPathTypes.Order(StringComparer.Ordinal));
        }
    }

    private static IEnumerable<FieldError> CheckProjection(JsonObject source, string path)
    {
        if (source.Object("serviceAccountToken") is { } token)
        {
            if (token.Integer("expirationSeconds") is < 600)
            {
                yield return FieldError.Invalid($"{path}.serviceAccountToken.expirationSeconds", token.Integer("expirationSeconds")!.Value, "may not specify a duration less than 10 minutes");
            }

            foreach (var error in CheckPath(token, $"{path}.serviceAccountToken"))
            {
                yield return error;
            }
        }

        foreach (var kind in new[] { "secret", "configMap" }.Where(kind => source.Object(kind) is not null))
        {
            foreach (var error in FieldRules.Required(source.Object(kind), "name", $"{path}.{kind}").Concat(CheckItems(source.Object(kind)!, $"{path}.{kind}")))
            {
                yield return error;
            }
        }

        if (source.Count == 0)
        {
            yield return FieldError.Required(path, "must specify a volume source");
        }

        foreach (var extra in source.Skip(1))
        {
            yield return FieldError.Forbidden($"{path}.{extra.Key}", "may not specify more than 1 volume type");
        }
    }

    private static IEnumerable<FieldError> CheckItems(JsonObject source, string path) => source.Objects("items").SelectMany((item, i) =>
    {
        var at = FieldRules.Indexed($"{path}.items", i);
        return FieldRules.Required(item, "key", at).Concat(CheckPath(item, at)).Concat(CheckMode(item, "mode", at));
    });

    private static IEnumerable<FieldError> CheckPath(JsonObject item, string path)
    {
        if (item.String("path") is not { Length: > 0 } target)
        {
            yield return FieldError.Required($"{path}.path");
        }
        else if (target.StartsWith('/'))
        {
            yield return FieldError.Invalid($"{path}.path", target, "must be a relative path");
        }
        else if (target.Split('/').Contains(".."))
        {
            yield return FieldError.Invalid($"{path}.path", target, "must not contain '..'");
        }
    }

    private static IEnumerable<FieldError> CheckMode(JsonObject source, string name, string path)
    {
        if (source.Integer(name) is { } mode and (< 0 or > 511))
        {
            yield return FieldError.Invalid($"{path}.{name}", mode, "must be a number between 0 and 0777 (octal), both inclusive");
        }
    }
}
