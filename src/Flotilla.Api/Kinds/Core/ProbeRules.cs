using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Probes and lifecycle hooks.</summary>
internal static class ProbeRules
{
    private static readonly string[] Numbers = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

    public static IEnumerable<FieldError> CheckAll(JsonObject container, string path, long grace) =>
        CheckHook(container.Object("lifecycle").Object("postStart"), $"{path}.lifecycle.postStart", grace)
            .Concat(CheckHook(container.Object("lifecycle").Object("preStop"), $"{path}.lifecycle.preStop", grace))
            .Concat(CheckProbe(container.Object("livenessProbe"), $"{path}.livenessProbe", grace, once: true))
            .Concat(CheckProbe(container.Object("readinessProbe"), $"{path}.readinessProbe", grace, once: false))
            .Concat(CheckProbe(container.Object("startupProbe"), $"{path}.startupProbe", grace, once: true));

    private static IEnumerable<FieldError> CheckHook(JsonObject? hook, string path, long grace) => hook is null ? [] : CheckHandler(hook, path, grace);

    private static IEnumerable<FieldError> CheckProbe(JsonObject? probe, string path, long grace, bool once)
    {
        if (probe is null)
        {
            yield break;
        }

        foreach (var error in CheckHandler(probe, path, grace).Concat(Numbers.SelectMany(number => FieldRules.NonNegative(probe, number, path))))
        {
            yield return error;
        }

        if (probe.Integer("terminationGracePeriodSeconds") is <= 0 and var seconds)
        {
            yield return FieldError.Invalid($"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0");
        }

        if (once && probe.Integer("successThreshold") is { } threshold and not 1)
        {
            yield return FieldError.Invalid($"{path}.successThreshold", threshold, "must be 1");
        }

        if (!once && probe["terminationGracePeriodSeconds"] is not null)
        {
            yield return FieldError.Invalid($"{path}.terminationGracePeriodSeconds", probe.Integer("terminationGracePeriodSeconds") ?? 0, "must not be set for readinessProbes");
        }
    }

    private static IEnumerable<FieldError> CheckHandler(JsonObject handler, string path, long grace)
    {
        var found = 0;
        foreach (var name in new[] { "exec", "httpGet", "tcpSocket", "grpc", "sleep" }.Where(name => handler[name] is JsonObject))
        {
            if (found++ > 0)
            {
                yield return FieldError.Forbidden($"{path}.{name}", "may not specify more than 1 handler type");
                continue;
            }

            foreach (var error in CheckAction(name, handler.Object(name)!, $"{path}.{name}", grace))
            {
                yield return error;
            }
        }

        if (found == 0)
        {
            yield return FieldError.Required(path, "must specify a handler type");
        }
    }

    private static IEnumerable<FieldError> CheckAction(string name, JsonObject action, string path, long grace) => name switch
    {
        "exec" => action.Array("command") is { Count: > 0 } ? [] : [FieldError.Required($"{path}.command")],
        "httpGet" => CheckHttp(action, path),
        "tcpSocket" => FieldRules.PortOrName(action["port"], $"{path}.port"),
        "grpc" => FieldRules.Port(action.Integer("port") ?? 0, $"{path}.port"),
        _ => CheckSleep(action, path, grace),
    };

    private static IEnumerable<FieldError> CheckSleep(JsonObject action, string path, long grace)
    {
        if (action.Integer("seconds") is { } seconds && (seconds < 0 || seconds > grace))
        {
            yield return FieldError.Invalid(path, seconds, string.Create(CultureInfo.InvariantCulture, $"must be non-negative and less than terminationGracePeriodSeconds ({grace})"));
        }
    }

    private static IEnumerable<FieldError> CheckHttp(JsonObject action, string path)
    {
        foreach (var error in FieldRules.Required(action, "path", path).Concat(FieldRules.PortOrName(action["port"], $"{path}.port")))
        {
            yield return error;
        }

        if (action.String("scheme") is not ("HTTP" or "HTTPS"))
        {
            yield return FieldError.NotSupported($"{path}.scheme", action.String("scheme") ?? "", ["HTTP", "HTTPS"]);
        }

        foreach (var error in action.Objects("httpHeaders").SelectMany(header => FieldRules.Text(header.String("name") ?? "", $"{path}.httpHeaders", Names.CheckHeaderName)))
        {
            yield return error;
        }
    }
}
