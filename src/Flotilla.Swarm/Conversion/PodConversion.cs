using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;

namespace Flotilla.Swarm.Conversion;

/// <summary>A service of a Compose file as the template of a Pod. Pure.</summary>
/// <param name="remark">Gets what was left out, in words.</param>
internal sealed class PodConversion(string name, JsonObject service, Action<string> remark)
{
    private readonly JsonArray volumes = [];
    private readonly JsonArray mounts = [];

    public JsonObject Template(string label)
    {
        AddVolumes();
        AddFiles("secrets", "/run/secrets/", secret => new JsonObject { ["secret"] = new JsonObject { ["secretName"] = secret } });
        AddFiles("configs", "/", config => new JsonObject { ["configMap"] = new JsonObject { ["name"] = config } });
        var spec = new JsonObject { ["containers"] = new JsonArray(Container(label)) };
        Set(spec, "volumes", volumes);
        if (service.String("hostname") is { } host)
        {
            spec["hostname"] = ObjectNames.Hostname(host);
        }

        if (ComposeText.Seconds(service["stop_grace_period"]) is { } grace)
        {
            spec["terminationGracePeriodSeconds"] = grace;
        }

        if (service.Boolean("init") == true)
        {
            spec["shareProcessNamespace"] = true;
        }

        Set(spec, "nodeSelector", Selector());
        Set(spec, "hostAliases", Aliases());
        var labels = new JsonObject { ["app"] = label };
        var annotations = new JsonObject();
        foreach (var (key, value) in ComposeText.Pairs(service["labels"]))
        {
            annotations[key] = value;
        }

        var metadata = new JsonObject { ["labels"] = labels };
        Set(metadata, "annotations", annotations);
        return new JsonObject { ["metadata"] = metadata, ["spec"] = spec };
    }

    private JsonObject Container(string label)
    {
        var container = new JsonObject { ["name"] = label, ["image"] = service.String("image") ?? "" };
        if (service.String("image") is null)
        {
            remark($"service {name}: it has no image; build one and name it");
        }

        Set(container, "command", Literal(ComposeText.Words(service["entrypoint"])));
        Set(container, "args", Literal(ComposeText.Words(service["command"])));
        Set(container, "env", new JsonArray([.. ComposeText.Pairs(service["environment"]).Select(pair => new JsonObject { ["name"] = pair.Key, ["value"] = pair.Value.Replace("$(", "$$(", StringComparison.Ordinal) })]));
        Copy("working_dir", container, "workingDir");
        Copy("tty", container, "tty");
        Copy("stdin_open", container, "stdin");
        Set(container, "ports", new JsonArray([.. (service.Array("ports") ?? []).SelectMany(ComposeText.Ports).Select(port => new JsonObject { ["containerPort"] = port.Target, ["protocol"] = port.Protocol.ToUpperInvariant() })]));
        Set(container, "resources", Resources());
        Set(container, "securityContext", Security());
        Set(container, "volumeMounts", mounts);
        AddProbes(container);
        return container;
    }

    private void AddVolumes()
    {
        foreach (var volume in service.Array("volumes") ?? [])
        {
            var (type, source, target, isReadOnly) = volume is JsonObject full
                ? (full.String("type") ?? "volume", full.String("source") ?? "", full.String("target") ?? "", full.Boolean("read_only") == true)
                : Short(ComposeText.Text(volume));
            Add(
                type switch
                {
                    "tmpfs" => new JsonObject { ["emptyDir"] = new JsonObject { ["medium"] = "Memory" } },
                    "bind" => new JsonObject { ["hostPath"] = new JsonObject { ["path"] = source } },
                    _ when source.Length == 0 => new JsonObject { ["emptyDir"] = new JsonObject() },
                    _ => new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = ObjectNames.Label(source) } },
                },
                new JsonObject { ["mountPath"] = target }, isReadOnly);
        }

        foreach (var path in ComposeText.Words(service["tmpfs"]) ?? [])
        {
            Add(new JsonObject { ["emptyDir"] = new JsonObject { ["medium"] = "Memory" } }, new JsonObject { ["mountPath"] = path.Split(':')[0] }, false);
        }
    }

    private static (string Type, string Source, string Target, bool IsReadOnly) Short(string text)
    {
        var parts = text.Split(':');
        return parts.Length == 1 ? ("volume", "", parts[0], false) : (parts[0].StartsWith('/') || parts[0].StartsWith('.') ? "bind" : "volume", parts[0], parts[1], parts.Length > 2 && parts[2].Split(',').Contains("ro"));
    }

    private void AddFiles(string section, string directory, Func<string, JsonObject> volumeOf)
    {
        foreach (var file in service.Array(section) ?? [])
        {
            var source = file is JsonObject ? file.String("source") ?? "" : ComposeText.Text(file);
            var target = file.String("target") ?? source;
            Add(volumeOf(ObjectNames.Subdomain(source)), new JsonObject { ["mountPath"] = target.StartsWith('/') ? target : directory + target, ["subPath"] = "data" }, true);
        }
    }

    private void Add(JsonObject volume, JsonObject mount, bool isReadOnly)
    {
        var own = string.Create(CultureInfo.InvariantCulture, $"volume-{volumes.Count}");
        volume["name"] = own;
        mount["name"] = own;
        if (isReadOnly)
        {
            mount["readOnly"] = true;
        }

        volumes.Add(volume);
        mounts.Add(mount);
    }

    private JsonObject Resources()
    {
        var (all, wanted) = (new JsonObject(), service.Object("deploy").Object("resources"));
        foreach (var (from, to) in new[] { ("limits", "limits"), ("reservations", "requests") })
        {
            var amounts = new JsonObject();
            if (wanted.Object(from)?["cpus"] is { } cpus)
            {
                amounts["cpu"] = ComposeText.Text(cpus);
            }

            if (wanted.Object(from)?["memory"] is { } memory)
            {
                amounts["memory"] = ComposeText.Memory(ComposeText.Text(memory));
            }

            Set(all, to, amounts);
        }

        return all;
    }

    private JsonObject Security()
    {
        var security = new JsonObject();
        Copy("read_only", security, "readOnlyRootFilesystem");
        var user = ComposeText.Text(service["user"]).Split(':');
        if (long.TryParse(user[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            security["runAsUser"] = id;
        }
        else if (user[0].Length > 0)
        {
            remark($"service {name}: the user {user[0]} is a name; Kubernetes wants its number in securityContext.runAsUser");
        }

        if (user.Length > 1 && long.TryParse(user[1], NumberStyles.None, CultureInfo.InvariantCulture, out var group))
        {
            security["runAsGroup"] = group;
        }

        var capabilities = new JsonObject();
        Set(capabilities, "add", Literal(ComposeText.Words(service["cap_add"])));
        Set(capabilities, "drop", Literal(ComposeText.Words(service["cap_drop"])));
        Set(security, "capabilities", capabilities);
        return security;
    }

    private void AddProbes(JsonObject container)
    {
        var check = service.Object("healthcheck");
        if (ComposeText.Words(check?["test"]) is not { Count: > 0 } test || test[0] == "NONE" || check.Boolean("disable") == true)
        {
            return;
        }

        IReadOnlyList<string> command = check!["test"] is JsonArray ? test[0] == "CMD-SHELL" ? ["/bin/sh", "-c", .. test.Skip(1)] : [.. test.Skip(1)] : ["/bin/sh", "-c", ComposeText.Text(check["test"])];
        var probe = new JsonObject
        {
            ["exec"] = new JsonObject { ["command"] = Literal(command) },
            ["periodSeconds"] = ComposeText.Seconds(check["interval"]) ?? 30,
            ["timeoutSeconds"] = ComposeText.Seconds(check["timeout"]) ?? 30,
            ["failureThreshold"] = check.Integer("retries") ?? 3,
        };
        if (ComposeText.Seconds(check["start_period"]) is { } start)
        {
            probe["initialDelaySeconds"] = start;
        }

        container["readinessProbe"] = probe;
        container["livenessProbe"] = probe.DeepClone();
    }

    private JsonObject Selector()
    {
        var selector = new JsonObject();
        foreach (var constraint in service.Object("deploy").Object("placement").Array("constraints") ?? [])
        {
            var (text, parts) = (ComposeText.Text(constraint), ComposeText.Text(constraint).Split("==", StringSplitOptions.TrimEntries));
            var key = parts is not [var left, _] ? null
                : left == "node.hostname" ? "kubernetes.io/hostname"
                : left.StartsWith("node.labels.", StringComparison.Ordinal) ? left["node.labels.".Length..]
                : left.StartsWith("engine.labels.", StringComparison.Ordinal) ? left["engine.labels.".Length..]
                : null;
            if (key is null)
            {
                remark($"service {name}: the constraint {text} is left out");
            }
            else
            {
                selector[key] = parts[1];
            }
        }

        return selector;
    }

    private JsonArray Aliases() => [.. ComposeText.Pairs(service["extra_hosts"] is JsonArray list ? new JsonArray([.. list.Select(line => (JsonNode)ReplaceFirst(ComposeText.Text(line)))]) : service["extra_hosts"])
        .Select(pair => new JsonObject { ["ip"] = pair.Value, ["hostnames"] = new JsonArray(pair.Key) })];

    private static string ReplaceFirst(string line) => line.Contains('=', StringComparison.Ordinal) || line.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var at) ? line : $"{line[..at]}={line[(at + 1)..]}";

    private static JsonArray? Literal(IReadOnlyList<string>? words) => words is null ? null : new JsonArray([.. words.Select(word => (JsonNode)word.Replace("$(", "$$(", StringComparison.Ordinal))]);

    private void Copy(string field, JsonObject target, string to)
    {
        if (service[field] is { } value)
        {
            target[to] = value.DeepClone();
        }
    }

    private static void Set(JsonObject target, string field, JsonNode? value)
    {
        if (value is JsonArray { Count: > 0 } or JsonObject { Count: > 0 })
        {
            target[field] = value;
        }
    }
}
