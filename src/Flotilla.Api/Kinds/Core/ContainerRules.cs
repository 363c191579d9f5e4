using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>What a container may refer to: the rest of its pod.</summary>
/// <param name="Grace">Seconds the pod has to end.</param>
internal sealed record ContainerSurroundings(IReadOnlyDictionary<string, JsonObject> Volumes, IReadOnlySet<string> Claims, long Grace, string RestartPolicy, bool HostUsers);

/// <summary>The containers of a pod: regular, init and ephemeral ones.</summary>
internal static class ContainerRules
{
    private const string NotForInit = "may not be set for init containers without restartPolicy=Always";
    private const string NotForEphemeral = "cannot be set for an Ephemeral Container";
    private static readonly string[] Watched = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

    public static IEnumerable<FieldError> CheckAll(JsonObject spec, string path, ContainerSurroundings pod) =>
        CheckRegular(spec, path, pod).Concat(CheckInit(spec, path, pod)).Concat(CheckEphemeral(spec, path, pod));

    /// <summary>Pods, unlike templates, may not have blanks around the name of an image.</summary>
    public static IEnumerable<FieldError> CheckImages(JsonObject spec, string list) => FieldRules.Each(spec, list, "spec", CheckImageBlanks);

    private static IEnumerable<FieldError> CheckRegular(JsonObject spec, string path, ContainerSurroundings pod)
    {
        if (spec.Array("containers") is not { Count: > 0 })
        {
            return [FieldError.Required($"{path}.containers")];
        }

        var (names, ports) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        return FieldRules.Each(spec, "containers", path, (container, at) => Check(container, at, pod).Concat(Unique(container, at, names))
                .Concat(ProbeRules.CheckAll(container, at, pod.Grace)).Concat(RestartRules.Check(container, at)))
            .Concat(FieldRules.Each(spec, "containers", path, (container, at) => PortRules.HostPorts(container, at, ports)));
    }

    private static IEnumerable<FieldError> CheckInit(JsonObject spec, string path, ContainerSurroundings pod)
    {
        var names = NamesOf(spec, "containers");
        return FieldRules.Each(spec, "initContainers", path, (container, at) =>
        {
            var isSidecar = container.String("restartPolicy") == "Always";
            return Check(container, at, pod).Concat(RestartRules.Check(container, at)).Concat(Unique(container, at, names))
                .Concat(PortRules.HostPorts(container, $"{path}.initContainers[0]", new HashSet<string>(StringComparer.Ordinal)))
                .Concat(isSidecar ? ProbeRules.CheckAll(container, at, pod.Grace) : FieldRules.Absent(container, at, NotForInit, Watched))
                .Concat(isSidecar || container.Array("resizePolicy") is not { Count: > 0 } policies ? [] : [FieldError.Invalid($"{at}.resizePolicy", ResizeRules.Shown(policies), "must not be set for init containers")]);
        });
    }

    private static IEnumerable<FieldError> CheckEphemeral(JsonObject spec, string path, ContainerSurroundings pod)
    {
        var others = NamesOf(spec, "containers");
        others.UnionWith(NamesOf(spec, "initContainers"));
        var names = new HashSet<string>(others, StringComparer.Ordinal);
        return FieldRules.Each(spec, "ephemeralContainers", path, (container, at) =>
            Check(container, at, pod).Concat(CheckImageBlanks(container, at)).Concat(Unique(container, at, names))
                .Concat(container.String("targetContainerName") is { Length: > 0 } target && !others.Contains(target) ? [FieldError.NotFound($"{at}.targetContainerName", target)] : [])
                .Concat(FieldRules.Absent(container, at, NotForEphemeral, "ports"))
                .Concat(container.Object("resources") is { Count: > 0 } ? [FieldError.Forbidden($"{at}.resources", NotForEphemeral)] : [])
                .Concat(FieldRules.Absent(container, at, NotForEphemeral, ["resizePolicy", "restartPolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]))
                .Concat(FieldRules.Each(container, "volumeMounts", at, (mount, place) => new[] { "subPath", "subPathExpr" }
                    .Where(field => mount.String(field) is { Length: > 0 }).Select(field => FieldError.Forbidden($"{place}.{field}", NotForEphemeral)))));
    }

    private static IEnumerable<FieldError> Check(JsonObject container, string path, ContainerSurroundings pod) =>
        FieldRules.RequiredName(container, "name", path, Names.CheckLabel)
            .Concat(FieldRules.Required(container, "image", path))
            .Concat(FieldRules.RequiredOneOf(container, "terminationMessagePolicy", path, "File", "FallbackToLogsOnError"))
            .Concat(PortRules.Check(container, path))
            .Concat(EnvironmentRules.Check(container, path))
            .Concat(MountRules.Check(container, path, pod.Volumes))
            .Concat(FieldRules.RequiredOneOf(container, "imagePullPolicy", path, "Always", "IfNotPresent", "Never"))
            .Concat(ResourceRules.CheckContainer(container.Object("resources"), $"{path}.resources", pod.Claims))
            .Concat(ResizeRules.Check(container, $"{path}.resizePolicy", pod.RestartPolicy))
            .Concat(SecurityRules.CheckContainer(container.Object("securityContext"), $"{path}.securityContext", pod.HostUsers));

    private static IEnumerable<FieldError> Unique(JsonObject container, string path, HashSet<string> names) =>
        container.String("name") is { Length: > 0 } name && !names.Add(name) ? [FieldError.Duplicate($"{path}.name", name)] : [];

    private static IEnumerable<FieldError> CheckImageBlanks(JsonObject container, string path) =>
        container.String("image") is { } image && image.Trim() != image ? [FieldError.Invalid($"{path}.image", image, "must not have leading or trailing whitespace")] : [];

    private static HashSet<string> NamesOf(JsonObject spec, string list) => spec.Objects(list).Select(container => container.String("name") ?? "").ToHashSet(StringComparer.Ordinal);
}
