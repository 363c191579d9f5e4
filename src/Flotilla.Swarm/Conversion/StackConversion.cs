using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm.Conversion;

/// <summary>A Compose file as objects of Kubernetes: for who moves on. What has no counterpart is told. Pure but for the files it is given.</summary>
/// <param name="read">The content of a file that is named there.</param>
public sealed class StackConversion(JsonObject compose, Func<string, byte[]> read)
{
    private const string UsualSize = "1Gi";
    private static readonly string[] Known =
    [
        "image", "command", "entrypoint", "environment", "ports", "expose", "volumes", "tmpfs", "configs", "secrets", "deploy", "healthcheck", "hostname", "working_dir", "user", "read_only",
        "cap_add", "cap_drop", "init", "stop_grace_period", "stop_signal", "extra_hosts", "labels", "tty", "stdin_open", "restart", "networks", "depends_on", "container_name", "sysctls",
    ];

    private readonly List<string> remarks = [];

    /// <summary>What was left out, in words.</summary>
    public IReadOnlyList<string> Remarks => remarks;

    public IReadOnlyList<JsonObject> Objects() =>
    [
        .. Payloads("configs", "ConfigMap"), .. Payloads("secrets", "Secret"), .. Claims(),
        .. (compose.Object("services") ?? []).Where(service => service.Value is JsonObject).SelectMany(service => ServiceObjects(service.Key, (JsonObject)service.Value!)),
    ];

    private IEnumerable<JsonObject> Payloads(string section, string kind)
    {
        foreach (var (name, value) in compose.Object(section) ?? [])
        {
            if (value.String("file") is not { } file)
            {
                remarks.Add($"{section[..^1]} {name} is kept elsewhere: make a {kind} {ObjectNames.Subdomain(name)} with the key 'data'");
                continue;
            }

            var made = Make("v1", kind, ObjectNames.Subdomain(name));
            made[kind == "Secret" ? "data" : "binaryData"] = new JsonObject { ["data"] = Convert.ToBase64String(read(file)) };
            yield return made;
        }
    }

    private IEnumerable<JsonObject> Claims()
    {
        foreach (var (name, value) in compose.Object("volumes") ?? [])
        {
            if (value.String("driver") is { Length: > 0 } driver && driver != "local")
            {
                remarks.Add($"volume {name}: its driver {driver} is not known here; the claim asks for the default storage class");
            }

            var claim = Make("v1", "PersistentVolumeClaim", ObjectNames.Label(name));
            claim["spec"] = new JsonObject { ["accessModes"] = new JsonArray("ReadWriteOnce"), ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = UsualSize } } };
            yield return claim;
        }
    }

    private IEnumerable<JsonObject> ServiceObjects(string name, JsonObject service)
    {
        foreach (var key in service.Select(field => field.Key).Where(key => !Known.Contains(key, StringComparer.Ordinal)))
        {
            remarks.Add($"service {name}: {key} is left out");
        }

        var (label, deploy) = (ObjectNames.Label(name), service.Object("deploy"));
        yield return Workload(label, deploy, new PodConversion(name, service, remarks.Add).Template(label));
        var ports = (service.Array("ports") ?? []).SelectMany(ComposeText.Ports).Concat((service.Array("expose") ?? []).SelectMany(ComposeText.Ports)).DistinctBy(port => (port.Target, port.Protocol)).ToList();
        if (ports.Count == 0)
        {
            yield break;
        }

        var front = Make("v1", "Service", label);
        var list = new JsonArray();
        foreach (var (target, published, protocol) in ports)
        {
            list.Add(new JsonObject
            {
                ["name"] = string.Create(CultureInfo.InvariantCulture, $"{protocol}-{target}"), ["port"] = published == 0 ? target : published, ["targetPort"] = target, ["protocol"] = protocol.ToUpperInvariant(),
            });
        }

        front["spec"] = new JsonObject { ["type"] = ports.Exists(port => port.Published > 0) ? "LoadBalancer" : "ClusterIP", ["selector"] = new JsonObject { ["app"] = label }, ["ports"] = list };
        yield return front;
    }

    private static JsonObject Workload(string name, JsonObject? deploy, JsonObject template)
    {
        var mode = deploy.String("mode") ?? "replicated";
        var isJob = mode.EndsWith("-job", StringComparison.Ordinal);
        var made = Make(isJob ? "batch/v1" : "apps/v1", isJob ? "Job" : mode == "global" ? "DaemonSet" : "Deployment", name);
        var spec = new JsonObject { ["template"] = template };
        if (isJob)
        {
            template["spec"]!["restartPolicy"] = "OnFailure";
            spec["completions"] = deploy.Integer("replicas") ?? 1;
            spec["parallelism"] = deploy.Integer("max_concurrent") ?? deploy.Integer("replicas") ?? 1;
        }
        else
        {
            spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } };
        }

        if (mode == "replicated")
        {
            var update = deploy.Object("update_config");
            var (width, isStartFirst) = (update.Integer("parallelism") ?? 1, update.String("order") == "start-first");
            spec["replicas"] = deploy.Integer("replicas") ?? 1;
            spec["strategy"] = new JsonObject
            {
                ["type"] = "RollingUpdate",
                ["rollingUpdate"] = new JsonObject { ["maxSurge"] = isStartFirst ? Math.Max(width, 1) : 0, ["maxUnavailable"] = isStartFirst ? 0 : Math.Max(width, 1) },
            };
        }

        made["spec"] = spec;
        return made;
    }

    internal static JsonObject Make(string version, string kind, string name) =>
        new() { ["apiVersion"] = version, ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = name } } };
}
