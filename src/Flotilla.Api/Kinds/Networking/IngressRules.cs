using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Networking;

internal static class IngressRules
{
    private const int Shown = 3;

    public static readonly IReadOnlyList<Column> Columns =
    [
        Cells.Name,
        Cells.Text("Class", "spec.ingressClassName", absent: Cells.None),
        new("Hosts", (item, _) => Hosts(item)),
        new("Address", (item, _) => string.Join(",", item.Object("status").Object("loadBalancer").Objects("ingress").Select(address => address.String("ip") ?? address.String("hostname")))),
        new("Ports", (item, _) => item.Object("spec").Array("tls") is { Count: > 0 } ? "80, 443" : "80"),
        Cells.Age,
    ];

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        if (spec.Array("rules") is not { Count: > 0 } && spec.Object("defaultBackend") is null)
        {
            yield return FieldError.Invalid("spec", spec.Array("rules")?.DeepClone() ?? new JsonArray(), "either `defaultBackend` or `rules` must be specified");
        }

        foreach (var error in spec.Objects("tls").SelectMany((tls, i) => CheckTls(tls, FieldRules.Indexed("spec.tls", i)))
            .Concat(spec.Object("defaultBackend") is { } backend ? CheckBackend(backend, "spec.defaultBackend") : [])
            .Concat(spec.Objects("rules").SelectMany((rule, i) => CheckRule(rule, FieldRules.Indexed("spec.rules", i)))))
        {
            yield return error;
        }

        if (spec.String("ingressClassName") is { } name && Names.CheckSubdomain(name) is { } wrong)
        {
            yield return FieldError.Invalid("spec.ingressClassName", name, wrong);
        }
    }

    public static IEnumerable<FieldError> CheckClass(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        if (old is not null && spec.String("controller") != old.Object("spec").String("controller"))
        {
            yield return FieldError.Invalid("spec.controller", spec?["controller"], FieldRules.Immutable);
        }

        foreach (var error in FieldRules.Required(spec, "controller", "spec"))
        {
            yield return error;
        }

        if (spec.Object("parameters") is { } parameters)
        {
            foreach (var error in FieldRules.Required(parameters, "kind", "spec.parameters", "kind is required")
                .Concat(FieldRules.Required(parameters, "name", "spec.parameters", "name is required")).Concat(FieldRules.OneOf(parameters, "scope", "spec.parameters", "Cluster", "Namespace")))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckTls(JsonObject tls, string path) =>
        (tls.Array("hosts") ?? []).Select((host, i) => (host.AsString() ?? "", i)).SelectMany(pair => CheckHost(pair.Item1, FieldRules.Indexed($"{path}.hosts", pair.i)));

    private static IEnumerable<FieldError> CheckRule(JsonObject rule, string path)
    {
        if (rule.String("host") is { Length: > 0 } host)
        {
            foreach (var error in CheckHost(host, $"{path}.host"))
            {
                yield return error;
            }
        }

        if (rule.Object("http") is not { } http)
        {
            yield break;
        }

        if (http.Array("paths") is not { Count: > 0 })
        {
            yield return FieldError.Required($"{path}.http.paths");
        }

        foreach (var error in http.Objects("paths").SelectMany((item, i) => CheckPath(item, FieldRules.Indexed($"{path}.http.paths", i))))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckHost(string host, string path)
    {
        if (FieldRules.IsAddress(host))
        {
            yield return FieldError.Invalid(path, host, "must be a DNS name, not an IP address");
        }
        else if (host.StartsWith("*.", StringComparison.Ordinal))
        {
            if (Names.CheckSubdomain(host[2..]) is not null)
            {
                yield return FieldError.Invalid(path, host, "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
            }
        }
        else if (Names.CheckSubdomain(host) is { } wrong)
        {
            yield return FieldError.Invalid(path, host, wrong);
        }
    }

    private static IEnumerable<FieldError> CheckPath(JsonObject item, string path)
    {
        if (item.String("pathType") is not { Length: > 0 } type)
        {
            // Without a type, nothing else about the path can be judged.
            yield return FieldError.Required($"{path}.pathType", "pathType must be specified");
            yield break;
        }

        var text = item.String("path") ?? "";
        switch (type)
        {
            case "Exact" or "Prefix":
                if (!text.StartsWith('/'))
                {
                    yield return FieldError.Invalid($"{path}.path", text, "must be an absolute path");
                }

                foreach (var part in new[] { "//", "/./", "/../", "%2f", "%2F" }.Where(part => text.Contains(part, StringComparison.Ordinal)))
                {
                    yield return FieldError.Invalid($"{path}.path", text, $"must not contain '{part}'");
                }

                foreach (var part in new[] { "/..", "/." }.Where(part => text.EndsWith(part, StringComparison.Ordinal)))
                {
                    yield return FieldError.Invalid($"{path}.path", text, $"cannot end with '{part}'");
                }

                break;
            case "ImplementationSpecific":
                if (text.Length > 0 && !text.StartsWith('/'))
                {
                    yield return FieldError.Invalid($"{path}.path", text, "must be an absolute path");
                }

                break;
            default:
                yield return FieldError.NotSupported($"{path}.pathType", type, ["Exact", "ImplementationSpecific", "Prefix"]);
                break;
        }

        foreach (var error in CheckBackend(item.Object("backend") ?? [], $"{path}.backend"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckBackend(JsonObject backend, string path)
    {
        var service = backend.Object("service");
        if (backend.Object("resource") is not null)
        {
            if (service is not null)
            {
                yield return FieldError.Invalid(path, "", "cannot set both resource and service backends");
            }

            yield break;
        }

        if (service is null)
        {
            yield return FieldError.Required(path, "must specify either backend.service or backend.resource");
            yield break;
        }

        if (service.String("name") is not { Length: > 0 } name)
        {
            yield return FieldError.Required($"{path}.service.name");
        }
        else if (Names.CheckLabel1035(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.service.name", name, wrong);
        }

        var port = service.Object("port");
        if (port.String("name") is { Length: > 0 } portName)
        {
            foreach (var message in Names.CheckPortName(portName))
            {
                yield return FieldError.Invalid($"{path}.service.port.name", portName, message);
            }
        }
        else if (port.Integer("number") is not { } number)
        {
            yield return FieldError.Required($"{path}.service.port", "port name or number is required");
        }
        else
        {
            foreach (var error in FieldRules.Port(number, $"{path}.service.port.number"))
            {
                yield return error;
            }
        }
    }

    private static string Hosts(JsonObject item)
    {
        var all = item.Object("spec").Objects("rules").Select(rule => rule.String("host") ?? "").Where(host => host.Length > 0).ToList();
        if (all.Count == 0)
        {
            return "*";
        }

        var text = string.Join(",", all.Take(Shown));
        return all.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"{text} + {all.Count - Shown} more...") : text;
    }
}
