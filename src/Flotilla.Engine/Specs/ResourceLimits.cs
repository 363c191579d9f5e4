using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Specs;

/// <summary>Memory, processors, processes and devices of a container as its cgroup gets them.</summary>
internal static class ResourceLimits
{
    private const long Period = 100_000;
    private const long Billion = 1_000_000_000;

    public static JsonObject Of(JsonObject host)
    {
        var resources = new JsonObject { ["memory"] = Memory(host), ["cpu"] = Cpu(host) };
        if (host.Integer("PidsLimit") is > 0 and var processes)
        {
            resources["pids"] = new JsonObject { ["limit"] = processes };
        }

        return resources;
    }

    public static JsonArray DeviceRules(JsonObject host, IEnumerable<(FileState State, string Access)> devices) =>
    [
        new JsonObject { ["allow"] = host.Boolean("Privileged") == true, ["access"] = "rwm" },
        .. devices.Select(device => new JsonObject { ["allow"] = true, ["type"] = device.State.IsBlockDevice ? "b" : "c", ["major"] = device.State.Major, ["minor"] = device.State.Minor, ["access"] = device.Access }),
    ];

    private static JsonObject Memory(JsonObject host)
    {
        var memory = new JsonObject();
        if (host.Integer("Memory") is > 0 and var limit)
        {
            memory["limit"] = limit;
            var swap = host.Integer("MemorySwap") ?? 0;
            if (HasSwapAccounting)
            {
                memory["swap"] = swap != 0 ? swap : limit * 2;
            }
        }

        if (host.Integer("MemoryReservation") is > 0 and var reservation)
        {
            memory["reservation"] = reservation;
        }

        if (host.Boolean("OomKillDisable") == true)
        {
            memory["disableOOMKiller"] = true;
        }

        return memory;
    }

    private static JsonObject Cpu(JsonObject host)
    {
        var cpu = new JsonObject();
        if (host.Integer("CpuShares") is > 0 and var shares)
        {
            cpu["shares"] = shares;
        }

        if (host.Integer("NanoCpus") is > 0 and var nano)
        {
            cpu["period"] = Period;
            cpu["quota"] = nano * Period / Billion;
        }
        else if (host.Integer("CpuQuota") is > 0 and var quota)
        {
            cpu["period"] = host.Integer("CpuPeriod") is > 0 and var period ? period : Period;
            cpu["quota"] = quota;
        }

        if (host.String("CpusetCpus") is { Length: > 0 } cpus)
        {
            cpu["cpus"] = cpus;
        }

        if (host.String("CpusetMems") is { Length: > 0 } nodes)
        {
            cpu["mems"] = nodes;
        }

        return cpu;
    }

    private static bool HasSwapAccounting =>
        File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes") || File.Exists("/sys/fs/cgroup/cgroup.controllers");
}
