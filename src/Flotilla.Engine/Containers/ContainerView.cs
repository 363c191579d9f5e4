using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Health;
using Flotilla.Engine.Networks;
using Flotilla.Linux.Cri;

namespace Flotilla.Engine.Containers;

/// <summary>Containers as <c>docker ps</c> and <c>docker inspect</c> show them.</summary>
internal sealed class ContainerView(NetworkStore networks, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    public JsonObject Summary(Container container, long? bytes)
    {
        var record = container.Record;
        var view = new JsonObject
        {
            ["Id"] = record.Id,
            ["Names"] = new JsonArray("/" + record.Name),
            ["Image"] = record.Image,
            ["ImageID"] = record.ImageId,
            ["Command"] = string.Join(' ', record.Command.Select(Quoted)),
            ["Created"] = new DateTimeOffset(record.Created).ToUnixTimeSeconds(),
            ["Ports"] = WireJson.Array(Ports(record)),
            ["Labels"] = WireJson.Map(record.Labels),
            ["State"] = record.State.Status,
            ["Status"] = Status(container),
            ["HostConfig"] = new JsonObject { ["NetworkMode"] = record.NetworkMode },
            ["NetworkSettings"] = new JsonObject { ["Networks"] = Endpoints(record) },
            ["Mounts"] = WireJson.Array(record.Mounts.Select(Mount)),
        };
        if (bytes is { } own)
        {
            view["SizeRw"] = own;
            view["SizeRootFs"] = own;
        }

        return view;
    }

    public JsonObject TaskSummary(TaskContainer task) => new()
    {
        ["Id"] = task.Id,
        ["Names"] = new JsonArray("/" + task.Name),
        ["Image"] = task.Image,
        ["ImageID"] = task.ImageId,
        ["Command"] = "",
        ["Created"] = new DateTimeOffset(task.Created).ToUnixTimeSeconds(),
        ["Ports"] = new JsonArray(),
        ["Labels"] = WireJson.Map(task.Labels),
        ["State"] = task.IsRunning ? StateRecord.Running : StateRecord.Exited,
        ["Status"] = task.IsRunning ? "Up " + TimeWords.Of(Now - task.Created) : "Exited",
        ["HostConfig"] = new JsonObject { ["NetworkMode"] = "default" },
        ["NetworkSettings"] = new JsonObject { ["Networks"] = new JsonObject() },
        ["Mounts"] = new JsonArray(),
    };

    public JsonObject Details(Container container, IEnumerable<string> execs, long? bytes)
    {
        var record = container.Record;
        var command = record.Command;
        var config = record.Config.Copy();
        config.Default("Domainname", "");
        config.Default("User", "");
        config.Default("WorkingDir", "");
        config.Child("Labels");
        var executing = execs.ToList();
        var view = new JsonObject
        {
            ["Id"] = record.Id,
            ["Created"] = TimeWords.Of(record.Created),
            ["Path"] = command[0],
            ["Args"] = WireJson.Array(command.Skip(1).Select(word => (JsonNode)word)),
            ["State"] = State(container),
            ["Image"] = record.ImageId,
            ["ResolvConfPath"] = ContainerFiles.PathOf(container, "resolv.conf"),
            ["HostnamePath"] = ContainerFiles.PathOf(container, "hostname"),
            ["HostsPath"] = ContainerFiles.PathOf(container, "hosts"),
            ["LogPath"] = container.LogFile,
            ["Name"] = "/" + record.Name,
            ["RestartCount"] = record.State.RestartCount,
            ["Driver"] = "overlayfs",
            ["Platform"] = "linux",
            ["MountLabel"] = "",
            ["ProcessLabel"] = "",
            ["AppArmorProfile"] = "",
            ["ExecIDs"] = executing.Count == 0 ? null : WireJson.Array(executing.Select(id => (JsonNode)id)),
            ["HostConfig"] = record.HostConfig.Copy(),
            ["GraphDriver"] = new JsonObject { ["Name"] = "overlayfs", ["Data"] = null },
            ["Mounts"] = WireJson.Array(record.Mounts.Select(Mount)),
            ["Config"] = config,
            ["NetworkSettings"] = NetworkSettings(record),
        };
        if (bytes is { } own)
        {
            view["SizeRw"] = own;
            view["SizeRootFs"] = own;
        }

        return view;
    }

    public static JsonObject TaskDetails(TaskContainer task, ContainerStatus status) => new()
    {
        ["Id"] = task.Id,
        ["Created"] = TimeWords.Of(task.Created),
        ["Path"] = "",
        ["Args"] = new JsonArray(),
        ["State"] = new JsonObject
        {
            ["Status"] = task.IsRunning ? StateRecord.Running : StateRecord.Exited, ["Running"] = task.IsRunning, ["Paused"] = false, ["Restarting"] = false, ["OOMKilled"] = false, ["Dead"] = false, ["Pid"] = 0,
            ["ExitCode"] = status.ExitCode, ["Error"] = "", ["StartedAt"] = TimeWords.Of(AtNanoseconds(status.StartedAt)), ["FinishedAt"] = TimeWords.Of(AtNanoseconds(status.FinishedAt)),
        },
        ["Image"] = task.ImageId,
        ["LogPath"] = status.LogPath,
        ["Name"] = "/" + task.Name,
        ["RestartCount"] = 0,
        ["Driver"] = "overlayfs",
        ["Platform"] = "linux",
        ["HostConfig"] = new JsonObject { ["NetworkMode"] = "default", ["LogConfig"] = new JsonObject { ["Type"] = "json-file", ["Config"] = new JsonObject() }, ["RestartPolicy"] = new JsonObject { ["Name"] = "no" } },
        ["Mounts"] = new JsonArray(),
        ["Config"] = new JsonObject { ["Image"] = task.Image, ["Labels"] = WireJson.Map(task.Labels), ["Tty"] = false },
        ["NetworkSettings"] = new JsonObject { ["Networks"] = new JsonObject() },
    };

    public string Status(Container container)
    {
        var state = container.Record.State;
        return state.Status switch
        {
            StateRecord.Running => "Up " + TimeWords.Of(Now - state.StartedAt) + HealthOf(container),
            StateRecord.Paused => $"Up {TimeWords.Of(Now - state.StartedAt)} (Paused)",
            StateRecord.Restarting => $"Restarting ({state.ExitCode}) {TimeWords.Of(Now - state.FinishedAt)} ago",
            StateRecord.Removing => "Removal In Progress",
            StateRecord.Created => "Created",
            _ => $"Exited ({state.ExitCode}) {TimeWords.Of(Now - state.FinishedAt)} ago",
        };
    }

    private static DateTime? AtNanoseconds(long nanoseconds) => nanoseconds <= 0 ? null : DateTime.UnixEpoch.AddTicks(nanoseconds / 100);

    private static string HealthOf(Container container) => container.Health?.Status switch { null => "", HealthState.Starting => " (health: starting)", var status => $" ({status})" };

    private static string Quoted(string word) => word.Contains(' ', StringComparison.Ordinal) ? $"'{word}'" : word;

    private static JsonObject State(Container container)
    {
        var state = container.Record.State;
        var view = new JsonObject
        {
            ["Status"] = state.Status,
            ["Running"] = state.IsRunning || state.Status == StateRecord.Restarting,
            ["Paused"] = state.Status == StateRecord.Paused,
            ["Restarting"] = state.Status == StateRecord.Restarting,
            ["OOMKilled"] = state.IsOutOfMemory,
            ["Dead"] = false,
            ["Pid"] = state.Pid,
            ["ExitCode"] = state.ExitCode,
            ["Error"] = state.Error,
            ["StartedAt"] = TimeWords.Of(state.StartedAt),
            ["FinishedAt"] = TimeWords.Of(state.FinishedAt),
        };
        if (container.Health is { } health)
        {
            view["Health"] = health.View();
        }

        return view;
    }

    private static JsonObject Mount(MountRecord mount) => new()
    {
        ["Type"] = mount.Type,
        ["Name"] = mount.Name,
        ["Source"] = mount.Source,
        ["Destination"] = mount.Destination,
        ["Driver"] = mount.Type == "volume" ? "local" : "",
        ["Mode"] = mount.IsReadOnly ? "ro" : mount.Type == "volume" ? "z" : "",
        ["RW"] = !mount.IsReadOnly,
        ["Propagation"] = mount.Propagation,
    };

    private static IEnumerable<JsonObject> Ports(ContainerRecord record)
    {
        foreach (var port in record.State.IsRunning ? record.State.Ports : [])
        {
            yield return new JsonObject { ["IP"] = port.HostAddress.Length == 0 ? "0.0.0.0" : port.HostAddress, ["PrivatePort"] = port.ContainerPort, ["PublicPort"] = port.HostPort, ["Type"] = port.Protocol };
        }

        foreach (var port in PortBindings.Exposed(record).Where(port => record.State.IsRunning && !record.State.Ports.Any(open => open.ContainerPort == port.ContainerPort && open.Protocol == port.Protocol)))
        {
            yield return new JsonObject { ["PrivatePort"] = port.ContainerPort, ["Type"] = port.Protocol };
        }
    }

    private JsonObject NetworkSettings(ContainerRecord record)
    {
        var ports = new JsonObject();
        foreach (var port in record.State.IsRunning ? PortBindings.Exposed(record).Concat(record.State.Ports) : [])
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");
            if (port.HostPort == 0)
            {
                ports.TryAdd(name, null);
                continue;
            }

            var known = ports[name] as JsonArray ?? [];
            ports[name] = known;
            known.Add((JsonNode)new JsonObject { ["HostIp"] = port.HostAddress.Length == 0 ? "0.0.0.0" : port.HostAddress, ["HostPort"] = port.HostPort.ToString(CultureInfo.InvariantCulture) });
        }

        var first = record.Networks.GetValueOrDefault(BuiltInNetworks.Bridge);
        var bridge = first is null ? null : networks.Find(first.NetworkId);
        return new JsonObject
        {
            ["Bridge"] = "",
            ["SandboxID"] = record.State.IsRunning ? record.Id : "",
            ["SandboxKey"] = "",
            ["Ports"] = ports,
            ["EndpointID"] = first?.EndpointId ?? "",
            ["Gateway"] = first is { Address.Length: > 0 } ? bridge!.Gateway : "",
            ["IPAddress"] = first?.Address ?? "",
            ["IPPrefixLen"] = first is { Address.Length: > 0 } ? bridge!.Range.PrefixLength : 0,
            ["MacAddress"] = first is { Address.Length: > 0 } ? first.Mac : "",
            ["Networks"] = Endpoints(record),
        };
    }

    private JsonObject Endpoints(ContainerRecord record)
    {
        var all = new JsonObject();
        foreach (var (name, endpoint) in record.Networks)
        {
            // One that does not run may be of a network that is no more.
            var network = networks.TryFind(endpoint.NetworkId);
            var isConnected = endpoint.Address.Length > 0 && network is not null;
            all[name] = new JsonObject
            {
                ["IPAMConfig"] = endpoint.WantedAddress.Length > 0 ? new JsonObject { ["IPv4Address"] = endpoint.WantedAddress } : null,
                ["Links"] = null,
                ["Aliases"] = endpoint.Aliases.Count == 0 ? null : WireJson.Array(endpoint.Aliases.Select(alias => (JsonNode)alias)),
                ["MacAddress"] = isConnected ? endpoint.Mac : "",
                ["DriverOpts"] = null,
                ["NetworkID"] = endpoint.NetworkId,
                ["EndpointID"] = endpoint.EndpointId,
                ["Gateway"] = isConnected ? network!.Gateway : "",
                ["IPAddress"] = endpoint.Address,
                ["IPPrefixLen"] = isConnected ? network!.Range.PrefixLength : 0,
                ["IPv6Gateway"] = "",
                ["GlobalIPv6Address"] = "",
                ["GlobalIPv6PrefixLen"] = 0,
                ["DNSNames"] = network is { HasNames: true } ? WireJson.Array(new[] { record.Name }.Concat(endpoint.Aliases).Append(record.Id[..12]).Distinct(StringComparer.Ordinal).Select(alias => (JsonNode)alias)) : null,
            };
        }

        return all;
    }
}
