using System.Text.Json.Nodes;
using Flotilla.Swarm.Members;
using Flotilla.Docker;

namespace Flotilla.Swarm.Engine;

/// <summary><c>docker info</c>: the machine, and its part in the swarm.</summary>
internal sealed class InfoRoutes(IMember member, IMachineEngine machine)
{
    public IEnumerable<Route> All => [new("GET", "/info", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await member.KnowSelfAsync(cancellationToken);
        var info = Info();
        foreach (var (name, count) in await machine.CountsAsync(cancellationToken))
        {
            info[name] = count?.DeepClone();
        }

        return DockerAnswer.Json(info);
    }

    private JsonObject Info()
    {
        var node = member.Self;
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
                ["Log"] = new JsonArray([.. LogDrivers.Plugins]),
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
            ["SystemTime"] = member.Now.ToString("O"),
            ["LoggingDriver"] = "json-file",
            ["CgroupDriver"] = "cgroupfs",
            ["CgroupVersion"] = Machine.CgroupVersion,
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
            ["DockerRootDir"] = member.Options.RootDirectory,
            ["HttpProxy"] = "",
            ["HttpsProxy"] = "",
            ["NoProxy"] = "",
            ["Name"] = member.Options.NodeName,
            ["Labels"] = new JsonArray(),
            ["ExperimentalBuild"] = false,
            ["ServerVersion"] = member.Options.Version,
            ["Runtimes"] = new JsonObject(member.Options.Runtimes.Select(runtime => KeyValuePair.Create<string, JsonNode?>(runtime.Key, new JsonObject { ["path"] = runtime.Value }))),
            ["DefaultRuntime"] = member.Options.DefaultRuntime,
            ["Swarm"] = member.Swarm(),
            ["LiveRestoreEnabled"] = true,
            ["Isolation"] = "",
            ["InitBinary"] = "",
            ["ContainerdCommit"] = new JsonObject { ["ID"] = "" },
            ["RuncCommit"] = new JsonObject { ["ID"] = "" },
            ["InitCommit"] = new JsonObject { ["ID"] = "" },
            ["SecurityOptions"] = Machine.CgroupVersion == "2" ? new JsonArray("name=seccomp,profile=builtin", "name=cgroupns") : new JsonArray("name=seccomp,profile=builtin"),
            ["Warnings"] = null,
        };
    }
}
