using System.Text.Json.Nodes;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Swarms;
using Flotilla.Docker;

namespace Flotilla.Swarm.Engine;

/// <summary><c>docker info</c>: the machine, and its part in the swarm.</summary>
internal sealed class InfoRoutes(SwarmContext context, IMachineEngine machine)
{
    public IEnumerable<Route> All => [new("GET", "/info", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await context.Nodes.WaitForSyncAsync(cancellationToken);
        var info = Info();
        foreach (var (name, count) in await machine.CountsAsync(cancellationToken))
        {
            info[name] = count?.DeepClone();
        }

        return DockerAnswer.Json(info);
    }

    private JsonObject Info()
    {
        var node = context.Self;
        return new JsonObject
        {
            ["ID"] = node?.Metadata.Uid ?? "",
            ["Driver"] = "overlayfs",
            ["DriverStatus"] = new JsonArray(new JsonArray("driver-type", "io.containerd.snapshotter.v1")),
            ["Plugins"] = new JsonObject
            {
                ["Volume"] = new JsonArray("local"),
                ["Network"] = new JsonArray("bridge", "host", "null", "overlay"),
                ["Authorization"] = null,
                ["Log"] = new JsonArray("json-file"),
            },
            ["MemoryLimit"] = true,
            ["SwapLimit"] = true,
            ["CpuCfsPeriod"] = true,
            ["CpuCfsQuota"] = true,
            ["CPUShares"] = true,
            ["CPUSet"] = true,
            ["PidsLimit"] = true,
            ["IPv4Forwarding"] = true,
            ["Debug"] = false,
            ["NFd"] = 0,
            ["OomKillDisable"] = false,
            ["NGoroutines"] = 0,
            ["SystemTime"] = context.Now.ToString("O"),
            ["LoggingDriver"] = "json-file",
            ["CgroupDriver"] = "cgroupfs",
            ["CgroupVersion"] = Machine.CgroupVersion,
            ["NEventsListener"] = 0,
            ["KernelVersion"] = Machine.KernelVersion,
            ["OperatingSystem"] = Machine.OperatingSystem,
            ["OSVersion"] = "",
            ["OSType"] = "linux",
            ["Architecture"] = Machine.ArchitectureOf(Machine.GoArchitecture),
            ["IndexServerAddress"] = "https://index.docker.io/v1/",
            ["RegistryConfig"] = new JsonObject { ["InsecureRegistryCIDRs"] = new JsonArray(), ["IndexConfigs"] = new JsonObject(), ["Mirrors"] = new JsonArray() },
            ["NCPU"] = Environment.ProcessorCount,
            ["MemTotal"] = Machine.Memory,
            ["GenericResources"] = null,
            ["DockerRootDir"] = context.Options.RootDirectory,
            ["HttpProxy"] = "",
            ["HttpsProxy"] = "",
            ["NoProxy"] = "",
            ["Name"] = context.Options.NodeName,
            ["Labels"] = new JsonArray(),
            ["ExperimentalBuild"] = false,
            ["ServerVersion"] = context.Options.Version,
            ["Runtimes"] = new JsonObject { ["runc"] = new JsonObject { ["path"] = "runc" } },
            ["DefaultRuntime"] = "runc",
            ["Swarm"] = Swarm(),
            ["LiveRestoreEnabled"] = true,
            ["Isolation"] = "",
            ["InitBinary"] = "",
            ["ContainerdCommit"] = new JsonObject { ["ID"] = "" },
            ["RuncCommit"] = new JsonObject { ["ID"] = "" },
            ["InitCommit"] = new JsonObject { ["ID"] = "" },
            ["SecurityOptions"] = new JsonArray("name=seccomp,profile=builtin"),
            ["Warnings"] = null,
        };
    }

    private JsonObject Swarm()
    {
        if (context.Cluster.Known is not { Swarm: { } swarm } known || context.Self is not { } self)
        {
            return new JsonObject
            {
                ["NodeID"] = "", ["NodeAddr"] = "", ["LocalNodeState"] = "inactive", ["ControlAvailable"] = false, ["Error"] = "", ["RemoteManagers"] = null,
            };
        }

        var view = NodeView.From(known, context);
        var managers = known.Nodes.List().Where(view.IsManager).ToList();
        return new JsonObject
        {
            ["NodeID"] = SwarmInformers.IdOf(self),
            ["NodeAddr"] = NodeView.AddressOf(self),
            ["LocalNodeState"] = "active",
            ["ControlAvailable"] = true,
            ["Error"] = "",
            ["RemoteManagers"] = WireJson.Array(managers.Select(node => new JsonObject { ["NodeID"] = SwarmInformers.IdOf(node), ["Addr"] = view.ManagerAddress(node) })),
            ["Nodes"] = known.Nodes.List().Count,
            ["Managers"] = managers.Count,
            ["Cluster"] = SwarmView.Of(swarm, context),
        };
    }
}
