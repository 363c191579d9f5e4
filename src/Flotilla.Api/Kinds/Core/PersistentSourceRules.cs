using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Where a persistent volume keeps its bytes: exactly one place.</summary>
internal static class PersistentSourceRules
{
    private static readonly string[] Order =
    [
        "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile",
        "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi",
    ];

    private static readonly string[] Secrets = ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];

    public static IEnumerable<FieldError> Check(JsonObject spec)
    {
        var sources = Order.Where(source => spec.Object(source) is not null).ToList();
        if (sources.Count == 0)
        {
            return [FieldError.Required("spec", "must specify a volume type")];
        }

        return CheckSource(sources[0], spec).Concat(sources.Skip(1).Select(extra => FieldError.Forbidden($"spec.{VolumeSourceRules.NameWhenSecond(extra)}", "may not specify more than 1 volume type")))
            .Concat(spec.Object("hostPath").String("path")?.TrimEnd('/') is "" && spec.String("persistentVolumeReclaimPolicy") == "Recycle"
                ? [FieldError.Forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")] : []);
    }

    private static IEnumerable<FieldError> CheckSource(string type, JsonObject spec)
    {
        var (source, path) = (spec.Object(type)!, $"spec.{(type == "gcePersistentDisk" ? "persistentDisk" : type)}");
        return type switch
        {
            "hostPath" => VolumeSourceRules.HostPath(source, path),
            "local" => CheckLocal(source, path).Concat(spec.Object("nodeAffinity") is null ? [FieldError.Required("spec.nodeAffinity", "Local volume requires node affinity")] : []),
            "csi" => StorageSourceRules.DriverName(source.String("driver"), $"{path}.driver").Concat(FieldRules.Required(source, "volumeHandle", path)).Concat(CheckSecrets(source, path)),
            _ => StorageSourceRules.Check(type, source, path),
        };
    }

    private static IEnumerable<FieldError> CheckLocal(JsonObject source, string path) =>
        source.String("path") is { Length: > 0 } text ? PathRules.NoBacksteps(text, $"{path}.path") : [FieldError.Required($"{path}.path")];

    private static IEnumerable<FieldError> CheckSecrets(JsonObject source, string path) => Secrets.Where(field => source.Object(field) is not null)
        .SelectMany(field => FieldRules.Required(source.Object(field), "name", $"{path}.{field}").Concat(FieldRules.Required(source.Object(field), "namespace", $"{path}.{field}")));
}
