using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Storage outside of the cluster, as volumes of pods and as persistent volumes name it.</summary>
internal static partial class StorageSourceRules
{
    private const int HighestLun = 255;
    private const string HostAndPort = "must be a host:port pair or multiple pairs separated by commas";
    private const string DriverMessage = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    public static IEnumerable<FieldError> Check(string type, JsonObject source, string path) => type switch
    {
        "nfs" => Requires(source, path, "server", "path").Concat(Absolute(source, path)),
        "iscsi" => Requires(source, path, "targetPortal").Concat(Initiator(source, "iqn", $"{path}.iqn", isRequired: true))
            .Concat(FieldRules.Within(source, "lun", path, 0, HighestLun)).Concat(ChapSecret(source, path))
            .Concat(Initiator(source, "initiatorName", $"{path}.initiatorname", isRequired: false)),
        "gcePersistentDisk" => Requires(source, path, "pdName").Concat(Partition(source, path)),
        "awsElasticBlockStore" => Requires(source, path, "volumeID").Concat(Partition(source, path)),
        "glusterfs" => Requires(source, path, "endpoints", "path"),
        "rbd" => Requires(source, path, "monitors", "image"),
        "cephfs" => Requires(source, path, "monitors"),
        "cinder" => Requires(source, path, "volumeID").Concat(source.Object("secretRef") is { } secret ? Requires(secret, $"{path}.secretRef", "name") : []),
        "fc" => FibreChannel(source, path),
        "flexVolume" => Requires(source, path, "driver").Concat(Options(source, path)),
        "flocker" => Flocker(source, path),
        "quobyte" => Quobyte(source, path),
        "azureFile" => Requires(source, path, "secretName", "shareName"),
        "azureDisk" => AzureDisk(source, path),
        "vsphereVolume" => Requires(source, path, "volumePath"),
        "photonPersistentDisk" => Requires(source, path, "pdID"),
        "portworxVolume" => Requires(source, path, "volumeID"),
        "scaleIO" => Requires(source, path, "gateway", "system", "volumeName"),
        "storageos" => StorageOs(source, path),
        _ => [],
    };

    /// <summary>Drivers have names of at most 63 characters, upper-case letters allowed.</summary>
    public static IEnumerable<FieldError> DriverName(string? name, string path)
    {
        if (string.IsNullOrEmpty(name))
        {
            yield return FieldError.Required(path);
            yield break;
        }

        if (name.Length > 63)
        {
            yield return FieldError.TooLong(path, 63);
        }

        if (Names.CheckSubdomain(name.ToLowerInvariant()) is not null)
        {
            yield return FieldError.Invalid(path, name, DriverMessage);
        }
    }

    public static IEnumerable<FieldError> Requires(JsonObject source, string path, params string[] fields) =>
        fields.Where(field => source[field] is null or JsonArray { Count: 0 } || source.String(field) is { Length: 0 }).Select(field => FieldError.Required($"{path}.{field}"));

    private static IEnumerable<FieldError> Absolute(JsonObject source, string path) =>
        source.String("path") is { Length: > 0 } and var text && text.StartsWith('/') ? [] : [FieldError.Invalid($"{path}.path", source.String("path") ?? "", "must be an absolute path")];

    private static IEnumerable<FieldError> Partition(JsonObject source, string path) =>
        source.Integer("partition") is { } number and (< 0 or > 255) ? [FieldError.Invalid($"{path}.partition", number, "must be between 1 and 255, inclusive")] : [];

    private static IEnumerable<FieldError> Initiator(JsonObject source, string field, string path, bool isRequired)
    {
        if (source.String(field) is not { Length: > 0 } name)
        {
            return isRequired ? [FieldError.Required(path)] : [];
        }

        var fits = name[..Math.Min(3, name.Length)] switch { "iqn" => IqnPattern().IsMatch(name), "eui" => EuiPattern().IsMatch(name), "naa" => NaaPattern().IsMatch(name), _ => (bool?)null };
        return fits == true ? [] : [FieldError.Invalid(path, name, fits is null ? "must be valid format starting with iqn, eui, or naa" : "must be valid format")];
    }

    private static IEnumerable<FieldError> ChapSecret(JsonObject source, string path) =>
        (source.Boolean("chapAuthDiscovery") == true || source.Boolean("chapAuthSession") == true) && source.Object("secretRef") is null ? [FieldError.Required($"{path}.secretRef")] : [];

    private static IEnumerable<FieldError> FibreChannel(JsonObject source, string path)
    {
        var (names, ids) = (source.Array("targetWWNs"), source.Array("wwids"));
        if (names is not { Count: > 0 })
        {
            return ids is { Count: > 0 } ? [] : [FieldError.Required($"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")];
        }

        var errors = ids is { Count: > 0 } ? [FieldError.Invalid($"{path}.targetWWNs", names.DeepClone(), "targetWWNs and wwids can not be specified simultaneously")] : Enumerable.Empty<FieldError>();
        return errors.Concat(source["lun"] is null ? [FieldError.Required($"{path}.lun", "lun is required if targetWWNs is specified")] : FieldRules.Within(source, "lun", path, 0, HighestLun));
    }

    private static IEnumerable<FieldError> Options(JsonObject source, string path) =>
        from option in source.Object("options") ?? []
        let owner = "." + option.Key.Split('/')[0].ToLowerInvariant()
        where owner.EndsWith(".kubernetes.io", StringComparison.Ordinal) || owner.EndsWith(".k8s.io", StringComparison.Ordinal)
        select FieldError.Invalid($"{path}.options[{option.Key}]", option.Key, "kubernetes.io and k8s.io namespaces are reserved");

    private static IEnumerable<FieldError> Flocker(JsonObject source, string path)
    {
        var (name, id) = (source.String("datasetName") ?? "", source.String("datasetUUID") ?? "");
        if (name.Length == 0 && id.Length == 0)
        {
            yield return FieldError.Required(path, "one of datasetName and datasetUUID is required");
        }
        else if (name.Length > 0 && id.Length > 0)
        {
            yield return FieldError.Invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }

        if (name.Contains('/', StringComparison.Ordinal))
        {
            yield return FieldError.Invalid($"{path}.datasetName", name, "must not contain '/'");
        }
    }

    private static IEnumerable<FieldError> Quobyte(JsonObject source, string path)
    {
        if (source.String("registry") is not { Length: > 0 } registry)
        {
            yield return FieldError.Required($"{path}.registry", HostAndPort);
        }
        else if (source.String("tenant") is { Length: >= 65 })
        {
            yield return FieldError.Required($"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters");
        }
        else
        {
            foreach (var _ in registry.Split(',').Where(pair => pair.LastIndexOf(':') < 0))
            {
                yield return FieldError.Invalid($"{path}.registry", registry, HostAndPort);
            }
        }

        foreach (var error in Requires(source, path, "volume"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> AzureDisk(JsonObject source, string path)
    {
        var errors = Requires(source, path, "diskName", "diskURI").Concat(FieldRules.OneOf(source, "cachingMode", path, "None", "ReadOnly", "ReadWrite"))
            .Concat(FieldRules.OneOf(source, "kind", path, "Dedicated", "Managed", "Shared"));
        var uri = source.String("diskURI") ?? "";
        return source.String("kind") switch
        {
            "Managed" when !uri.StartsWith("/subscriptions/", StringComparison.Ordinal) =>
                errors.Append(FieldError.NotSupported($"{path}.diskURI", uri, ["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"])),
            not (null or "Managed") when !uri.StartsWith("https://", StringComparison.Ordinal) =>
                errors.Append(FieldError.NotSupported($"{path}.diskURI", uri, ["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"])),
            _ => errors,
        };
    }

    private static IEnumerable<FieldError> StorageOs(JsonObject source, string path) =>
        FieldRules.RequiredName(source, "volumeName", path, Names.CheckLabel).Concat(FieldRules.Named(source, "volumeNamespace", path, Names.CheckLabel))
            .Concat(source.Object("secretRef") is { } secret ? Requires(secret, $"{path}.secretRef", "name") : []);

    [GeneratedRegex(@"iqn\.[0-9]{4}-[0-9]{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IqnPattern();

    [GeneratedRegex("^eui.[A-Za-z0-9]{16}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EuiPattern();

    [GeneratedRegex("^naa.[A-Za-z0-9]{32}$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NaaPattern();
}
