using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Volumes as a container sees them: directories and raw devices.</summary>
internal static class MountRules
{
    public static IEnumerable<FieldError> Check(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes) =>
        CheckMounts(container, path, $"{path}.volumeMounts", volumes).Concat(CheckDevices(container, $"{path}.volumeDevices", volumes));

    private static IEnumerable<FieldError> CheckMounts(JsonObject container, string parent, string path, IReadOnlyDictionary<string, JsonObject> volumes)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        return FieldRules.Each(container, "volumeMounts", parent, (mount, at) =>
        {
            var target = mount.String("mountPath") ?? "";
            return FieldRules.Required(mount, "name", at).Concat(volumes.ContainsKey(mount.String("name") ?? "") ? [] : [FieldError.NotFound($"{at}.name", mount.String("name") ?? "")])
                .Concat(FieldRules.Required(mount, "mountPath", at))
                .Concat(paths.Add(target) ? [] : [FieldError.Invalid($"{at}.mountPath", target, "must be unique")])
                .Concat(Overlap(container, "volumeDevices", mount, at, ("mountPath", target), "devicePath")).Concat(CheckBelow(mount, at, path))
                .Concat(CheckPropagation(mount, container, $"{path}.mountPropagation")).Concat(CheckRecursive(mount, $"{path}.recursiveReadOnly"));
        });
    }

    private static IEnumerable<FieldError> CheckDevices(JsonObject container, string path, IReadOnlyDictionary<string, JsonObject> volumes)
    {
        var (names, paths) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (device, i) in container.Objects("volumeDevices").Select((device, i) => (device, i)))
        {
            var (at, name, target) = (FieldRules.Indexed(path, i), device.String("name") ?? "", device.String("devicePath") ?? "");
            foreach (var error in FieldRules.Required(device, "name", at).Concat(name.Length > 0 && !names.Add(name) ? [FieldError.Invalid($"{at}.name", name, "must be unique")] : [])
                .Concat(IsBlock(name, $"{at}.name", volumes)).Concat(FieldRules.Required(device, "devicePath", at)))
            {
                yield return error;
            }

            if (target.Length > 0 && target.Split('/').Contains(".."))
            {
                yield return FieldError.Invalid($"{at}.devicePath", target, "can not contain backsteps ('..')");
            }
            else if (!paths.Add(target))
            {
                yield return FieldError.Invalid($"{at}.devicePath", target, "must be unique");
            }

            foreach (var error in Overlap(container, "volumeMounts", device, at, ("devicePath", target), "mountPath"))
            {
                yield return error;
            }
        }
    }

    // A volume is a directory or a device in a container, not both.
    private static IEnumerable<FieldError> Overlap(JsonObject container, string others, JsonObject item, string path, (string Field, string Path) target, string otherPath)
    {
        if (container.Array(others) is not { Count: > 0 })
        {
            return [];
        }

        var name = item.String("name") ?? "";
        IEnumerable<FieldError> errors = container.Objects(others).Any(other => (other.String("name") ?? "") == name) ? [FieldError.Invalid($"{path}.name", name, $"must not already exist in {others}")] : [];
        return errors.Concat(container.Objects(others).Any(other => (other.String(otherPath) ?? "") == target.Path)
            ? [FieldError.Invalid($"{path}.{target.Field}", target.Path, $"must not already exist as a path in {others}")] : []);
    }

    // What is wrong with a path below the volume is said of the list, not of the mount.
    private static IEnumerable<FieldError> CheckBelow(JsonObject mount, string path, string list)
    {
        var (below, expression) = (mount.String("subPath") ?? "", mount.String("subPathExpr") ?? "");
        return PathRules.Descending(below, $"{list}.subPath")
            .Concat(below.Length > 0 && expression.Length > 0 ? [FieldError.Invalid($"{path}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")] : [])
            .Concat(PathRules.Descending(expression, $"{list}.subPathExpr"));
    }

    private static IEnumerable<FieldError> CheckPropagation(JsonObject mount, JsonObject container, string path)
    {
        return mount.String("mountPropagation") switch
        {
            null or "HostToContainer" or "None" => [],
            "Bidirectional" when container.Object("securityContext").Boolean("privileged") == true => [],
            "Bidirectional" => [FieldError.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers")],
            var other => [FieldError.NotSupported(path, other, ["Bidirectional", "HostToContainer", "None"])],
        };
    }

    private static IEnumerable<FieldError> CheckRecursive(JsonObject mount, string path)
    {
        switch (mount.String("recursiveReadOnly"))
        {
            case null or "Disabled":
                break;
            case "Enabled" or "IfPossible":
                if (mount.Boolean("readOnly") != true)
                {
                    yield return FieldError.Forbidden(path, "may only be specified when readOnly is true");
                }

                if (mount.String("mountPropagation") is not (null or "None"))
                {
                    yield return FieldError.Forbidden(path, "may only be specified when mountPropagation is None or not specified");
                }

                break;
            case var other:
                yield return FieldError.NotSupported(path, other, ["Disabled", "Enabled", "IfPossible"]);
                break;
        }
    }

    private static IEnumerable<FieldError> IsBlock(string name, string path, IReadOnlyDictionary<string, JsonObject> volumes) =>
        volumes.GetValueOrDefault(name) is not { } volume ? [FieldError.NotFound(path, name)]
            : volume.Object("persistentVolumeClaim") is not null || volume.Object("ephemeral") is not null ? []
            : [FieldError.Invalid(path, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")];
}
