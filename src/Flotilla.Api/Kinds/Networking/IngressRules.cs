using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Networking;

internal static class IngressRules
{
    private const int Shown = 3;
    private const int LongestController = 250;
    private const string WildcardMessage = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

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

        foreach (var error in (spec.Object("defaultBackend") is { } backend ? CheckBackend(backend, "spec.defaultBackend") : [])
            .Concat(FieldRules.Each(spec, "rules", "spec", CheckRule)).Concat(FieldRules.Each(spec, "tls", "spec", CheckTls)))
        {
            yield return error;
        }

        if (spec.String("ingressClassName") is { } name && Names.CheckSubdomain(name) is { } wrong)
        {
            yield return FieldError.Invalid("spec.ingressClassName", name, wrong);
        }

        const string Annotation = "kubernetes.io/ingress.class";
        if (old is null && item.Object("metadata").Object("annotations").String(Annotation) is { } given && spec.String("ingressClassName") is { } wanted && given != wanted)
        {
            yield return FieldError.Invalid($"annotations.{Annotation}", given, "must match `ingressClassName` when both are specified");
        }
    }

    public static IEnumerable<FieldError> CheckClass(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec");
        if (old is not null && spec.String("controller") != old.Object("spec").String("controller"))
        {
            yield return FieldError.Invalid("spec.controller", spec?["controller"], FieldRules.Immutable);
        }

        foreach (var error in CheckController(spec.String("controller") ?? "").Concat(spec.Object("parameters") is { } parameters ? CheckParameters(parameters, "spec.parameters") : []))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckController(string name) =>
        name.Length > LongestController ? [FieldError.TooLong("spec.controller", LongestController)]
            : name.Length == 0 ? [FieldError.Required("spec.controller")]
            : name.Split('/', 2) is [{ Length: > 0 } domain, { Length: > 0 }] ? FieldRules.Text(domain, "spec.controller", Names.CheckSubdomain)
            : [FieldError.Invalid("spec.controller", name, "must be a domain-prefixed path (such as \"acme.io/foo\")")];

    private static IEnumerable<FieldError> CheckParameters(JsonObject parameters, string path)
    {
        var isNamespaced = parameters.String("scope") == "Namespace";
        return FieldRules.Named(parameters, "apiGroup", path, Names.CheckSubdomain)
            .Concat(FieldRules.RequiredName(parameters, "kind", path, Names.CheckPathSegment)).Concat(FieldRules.RequiredName(parameters, "name", path, Names.CheckPathSegment))
            .Concat(FieldRules.RequiredOneOf(parameters, "scope", path, "Cluster", "Namespace"))
            .Concat(isNamespaced && string.IsNullOrEmpty(parameters.String("namespace")) ? [FieldError.Required($"{path}.namespace", "`parameters.scope` is set to 'Namespace'")] : [])
            .Concat(!isNamespaced && parameters["namespace"] is not null ? [FieldError.Forbidden($"{path}.namespace", "`parameters.scope` is set to 'Cluster'")] : [])
            .Concat(isNamespaced ? FieldRules.Named(parameters, "namespace", path, Names.CheckLabel) : []);
    }

    private static IEnumerable<FieldError> CheckTls(JsonObject tls, string path) =>
        FieldRules.EachText(tls, "hosts", path, (host, at) => host.Contains('*', StringComparison.Ordinal) ? CheckWildcard(host, at) : FieldRules.Text(host, at, Names.CheckSubdomain))
            .Concat(FieldRules.Named(tls, "secretName", path, Names.CheckSubdomain).Ratcheted(Ratchet.TlsSecretNames));

    private static IEnumerable<FieldError> CheckWildcard(string host, string path) =>
        host.StartsWith("*.", StringComparison.Ordinal) && Names.CheckSubdomain(host[2..]) is null ? [] : [FieldError.Invalid(path, host, WildcardMessage)];

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
        else if (host.Contains('*', StringComparison.Ordinal))
        {
            foreach (var error in CheckWildcard(host, path).Ratcheted(Ratchet.WildcardHosts))
            {
                yield return error;
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
        else if (Names.CheckLabel(name) is { } wrong)
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
