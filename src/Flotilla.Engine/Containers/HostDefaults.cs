using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Specs;

namespace Flotilla.Engine.Containers;

/// <summary>What a HostConfig says when nobody has said it.</summary>
internal static class HostDefaults
{
    public static void Fill(JsonObject host, EngineOptions options)
    {
        host.DefaultText("NetworkMode", Docker.BuiltInNetworks.Bridge);
        host.DefaultText("IpcMode", "private");
        host.DefaultText("CgroupnsMode", Directory.Exists("/sys/fs/cgroup/memory") ? "host" : "private");
        host.DefaultText("Runtime", options.DefaultRuntime);
        host.DefaultText("PidMode", "");
        host.DefaultText("UTSMode", "");
        host.Child("LogConfig").DefaultText("Type", "json-file");
        host.Child("LogConfig").Child("Config");
        host.Child("RestartPolicy").DefaultText("Name", "no");
        if (host.Integer("ShmSize") is null or 0)
        {
            host["ShmSize"] = 64 << 20;
        }

        if (host.Integer("Memory") is > 0 and var limit && host.Integer("MemorySwap") is null or 0)
        {
            host["MemorySwap"] = limit * 2;
        }
    }
}
