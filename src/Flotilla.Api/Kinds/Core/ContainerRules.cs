using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class ContainerRules
{
    private static readonly string[] Resources = ["cpu", "memory", "ephemeral-storage"];

    public static IEnumerable<FieldError> CheckAll(JsonObject spec, string path, HashSet<string> volumes, long grace)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (spec.Array("containers") is not { Count: > 0 })
        {
            yield return FieldError.Required($"{path}.containers");
        }

        foreach (var list in new[] { "containers", "initContainers", "ephemeralContainers" })
        {
            var hostPorts = new HashSet<(string?, long, string?)>();
            foreach (var (container, i) in spec.Objects(list).Select((container, i) => (container, i)))
            {
                var at = FieldRules.Indexed($"{path}.{list}", i);
                foreach (var error in Check(container, at, volumes).Concat(CheckHostPorts(container, at, hostPorts)))
                {
                    yield return error;
                }

                if (container.String("name") is { Length: > 0 } name && !names.Add(name))
                {
                    yield return FieldError.Duplicate($"{at}.name", name);
                }

                var sidecar = container.String("restartPolicy") == "Always";
                foreach (var error in list == "containers" || sidecar ? ProbeRules.CheckAll(container, at, grace) : ForbidProbes(container, at, list))
                {
                    yield return error;
                }
            }
        }
    }

    private static IEnumerable<FieldError> Check(JsonObject container, string path, HashSet<string> volumes)
    {
        foreach (var error in CheckName(container, path).Concat(CheckImage(container, path)))
        {
            yield return error;
        }

        var errors = FieldRules.OneOf(container, "terminationMessagePolicy", path, "FallbackToLogsOnError", "File")
            .Concat(CheckPorts(container, $"{path}.ports"))
            .Concat(EnvironmentRules.Check(container, path))
            .Concat(CheckMounts(container, $"{path}.volumeMounts", volumes))
            .Concat(FieldRules.RequiredOneOf(container, "imagePullPolicy", path, "Always", "IfNotPresent", "Never"))
            .Concat(CheckResources(container.Object("resources"), $"{path}.resources"))
            .Concat(SecurityRules.CheckContainer(container.Object("securityContext"), $"{path}.securityContext"));
        foreach (var error in errors)
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckName(JsonObject container, string path)
    {
        if (container.String("name") is not { Length: > 0 } name)
        {
            yield return FieldError.Required($"{path}.name");
        }
        else if (Names.CheckLabel(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.name", name, wrong);
        }
    }

    private static IEnumerable<FieldError> CheckImage(JsonObject container, string path)
    {
        if (container.String("image") is not { Length: > 0 } image)
        {
            yield return FieldError.Required($"{path}.image");
        }
        else if (image.Trim() != image)
        {
            yield return FieldError.Invalid($"{path}.image", image, "must not have leading or trailing whitespace");
        }
    }

    private static IEnumerable<FieldError> CheckPorts(JsonObject container, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, i) in container.Objects("ports").Select((port, i) => (port, i)))
        {
            var at = FieldRules.Indexed(path, i);
            if (port.String("name") is { Length: > 0 } name)
            {
                foreach (var message in Names.CheckPortName(name))
                {
                    yield return FieldError.Invalid($"{at}.name", name, message);
                }

                if (!names.Add(name))
                {
                    yield return FieldError.Duplicate($"{at}.name", name);
                }
            }

            var number = port.Integer("containerPort") ?? 0;
            var errors = (number == 0 ? [FieldError.Required($"{at}.containerPort")] : FieldRules.Port(number, $"{at}.containerPort"))
                .Concat(port.Integer("hostPort") is { } host and not 0 ? FieldRules.Port(host, $"{at}.hostPort") : [])
                .Concat(FieldRules.RequiredOneOf(port, "protocol", at, "SCTP", "TCP", "UDP"));
            foreach (var error in errors)
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckHostPorts(JsonObject container, string path, HashSet<(string?, long, string?)> taken)
    {
        foreach (var (port, i) in container.Objects("ports").Select((port, i) => (port, i)))
        {
            if (port.Integer("hostPort") is > 0 and var host && !taken.Add((port.String("protocol"), host, port.String("hostIP"))))
            {
                yield return FieldError.Duplicate($"{FieldRules.Indexed($"{path}.ports", i)}.hostPort", $"{port.String("protocol")}/{port.String("hostIP")}/{host}");
            }
        }
    }

    private static IEnumerable<FieldError> CheckMounts(JsonObject container, string path, HashSet<string> volumes)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (mount, i) in container.Objects("volumeMounts").Select((mount, i) => (mount, i)))
        {
            var at = FieldRules.Indexed(path, i);
            if (mount.String("name") is not { Length: > 0 } name)
            {
                yield return FieldError.Required($"{at}.name");
            }
            else if (!volumes.Contains(name))
            {
                yield return FieldError.NotFound($"{at}.name", name);
            }

            if (mount.String("mountPath") is not { Length: > 0 } target)
            {
                yield return FieldError.Required($"{at}.mountPath");
            }
            else if (!paths.Add(target))
            {
                yield return FieldError.Invalid($"{at}.mountPath", target, "must be unique");
            }

            foreach (var field in new[] { "subPath", "subPathExpr" })
            {
                if (mount.String(field) is { Length: > 0 } inner && (inner.StartsWith('/') || inner.Split('/').Contains("..")))
                {
                    yield return FieldError.Invalid($"{at}.{field}", inner, inner.StartsWith('/') ? "must be a relative path" : "must not contain '..'");
                }
            }

            foreach (var error in FieldRules.OneOf(mount, "mountPropagation", at, "Bidirectional", "HostToContainer", "None"))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckResources(JsonObject? resources, string path)
    {
        var (limits, requests) = (resources.Object("limits"), resources.Object("requests"));
        foreach (var (name, amount) in (limits ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            foreach (var error in CheckResourceName(name, $"{path}.limits[{name}]").Concat(FieldRules.NonNegativeAmount(amount, $"{path}.limits[{name}]")))
            {
                yield return error;
            }
        }

        foreach (var (name, amount) in (requests ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var at = $"{path}.requests[{name}]";
            foreach (var error in CheckResourceName(name, at).Concat(FieldRules.NonNegativeAmount(amount, at)))
            {
                yield return error;
            }

            if (FieldRules.Amount(limits?[name]) is { } limit && FieldRules.Amount(amount) is { } request)
            {
                if (request > limit)
                {
                    yield return FieldError.Invalid($"{path}.requests", request.ToString(), $"must be less than or equal to {name} limit of {limit}");
                }
                else if (name.Contains('/', StringComparison.Ordinal) && request != limit)
                {
                    yield return FieldError.Invalid($"{path}.requests", request.ToString(), $"must be equal to {name} limit of {limit}");
                }
            }
        }
    }

    private static IEnumerable<FieldError> CheckResourceName(string name, string path)
    {
        if (Names.CheckLabelKey(name) is { } wrong)
        {
            yield return FieldError.Invalid(path, name, wrong);
        }
        else if (!name.Contains('/', StringComparison.Ordinal) && !Resources.Contains(name) && !name.StartsWith("hugepages-", StringComparison.Ordinal))
        {
            yield return FieldError.Invalid(path, name, "must be a standard resource for containers");
        }
    }

    private static IEnumerable<FieldError> ForbidProbes(JsonObject container, string path, string list)
    {
        var detail = list == "initContainers" ? "may not be set for init containers without restartPolicy=Always" : "cannot be set for an Ephemeral Container";
        return new[] { "lifecycle", "livenessProbe", "readinessProbe", "startupProbe" }
            .Where(field => container[field] is not null).Select(field => FieldError.Forbidden($"{path}.{field}", detail));
    }
}
