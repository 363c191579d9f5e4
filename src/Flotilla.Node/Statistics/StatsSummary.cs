using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Statistics;

/// <summary>The answer of <c>/stats/summary</c>: the latest sample, with what disks hold at this moment.</summary>
internal sealed class StatsSummary(NodeOptions options, UsageSampler sampler, CriClient runtime, DiskAccounts disks, TimeProvider time)
{
    private readonly DateTimeOffset started = time.GetUtcNow();

    /// <param name="brief">Processor and memory only.</param>
    public async Task<JsonObject> ReadAsync(bool brief, CancellationToken cancellationToken)
    {
        var sample = sampler.Latest;
        var layers = brief ? new Dictionary<string, DiskUse>(StringComparer.Ordinal) : await disks.LayersAsync(cancellationToken);
        var pods = new JsonArray();
        foreach (var pod in sample.Pods.Where(pod => pod.Sandbox is not null))
        {
            pods.Add(PodOf(pod, layers, brief));
        }
        return new JsonObject { ["node"] = await NodeOfAsync(sample, brief, cancellationToken), ["pods"] = pods };
    }

    private async Task<JsonObject> NodeOfAsync(UsageSample sample, bool brief, CancellationToken cancellationToken)
    {
        var systems = new JsonArray();
        if (sample.AllPods is { } all)
        {
            systems.Add(WithUsage(new JsonObject { ["name"] = "pods", ["startTime"] = Time(started) }, all));
        }
        var node = WithUsage(new JsonObject { ["nodeName"] = options.NodeName, ["systemContainers"] = systems, ["startTime"] = Time(started) }, sample.Node);
        if (brief)
        {
            return node;
        }
        var (now, space) = (time.GetUtcNow(), FileSystemSpace.Of(options.DataDirectory));
        node["network"] = Network(now, LinkCounters.Of(Environment.ProcessId), "eth0");
        node["fs"] = Disk(now, space, new DiskUse(space.UsedBytes, space.Files - space.FreeFiles));
        node["runtime"] = await ImagesAsync(now, cancellationToken);
        node["rlimit"] = new JsonObject { ["time"] = Time(now), ["maxpid"] = Machine.MostProcesses(), ["curproc"] = Machine.Processes() };
        return node;
    }

    private async Task<JsonObject> ImagesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var answer = await runtime.Images.ImageFsInfoAsync(new ImageFsInfoRequest(), cancellationToken: cancellationToken);
        var images = answer.ImageFilesystems.FirstOrDefault();
        var space = FileSystemSpace.Of(images?.FsId?.Mountpoint is { Length: > 0 } mounted ? mounted : options.DataDirectory);
        var used = new DiskUse((long)(images?.UsedBytes?.Value ?? 0), (long)(images?.InodesUsed?.Value ?? 0));
        return new JsonObject { ["imageFs"] = Disk(now, space, used), ["containerFs"] = Disk(now, space, used) };
    }

    private JsonObject PodOf(PodSample pod, IReadOnlyDictionary<string, DiskUse> layers, bool brief)
    {
        var metadata = pod.Pod.Metadata;
        var item = new JsonObject
        {
            ["podRef"] = new JsonObject { ["name"] = metadata.Name, ["namespace"] = metadata.NamespaceProperty, ["uid"] = metadata.Uid },
            ["startTime"] = Time(Moment(pod.Sandbox!.CreatedAt)),
            ["containers"] = new JsonArray([.. pod.Containers.Select(container => ContainerOf(pod, container, layers, brief))]),
        };
        WithUsage(item, pod.Usage);
        if (brief)
        {
            return item;
        }
        var now = pod.Usage?.Counters.Time ?? time.GetUtcNow();
        if (pod.Links.Count > 0)
        {
            item["network"] = Network(now, pod.Links, "eth0");
        }
        var space = FileSystemSpace.Of(options.PodsDirectory);
        var volumes = disks.VolumesOf(pod.Pod);
        if (volumes.Count > 0)
        {
            item["volume"] = new JsonArray([.. volumes.Select(volume => Volume(now, volume))]);
        }
        item["ephemeral-storage"] = Disk(now, space, disks.EphemeralUse(pod.Pod, pod.Containers.Select(container => layers.GetValueOrDefault(container.Container.Id))));
        item["process_stats"] = new JsonObject { ["process_count"] = pod.Usage?.Counters.Processes ?? 0 };
        return item;
    }

    private JsonObject ContainerOf(PodSample pod, ContainerSample container, IReadOnlyDictionary<string, DiskUse> layers, bool brief)
    {
        var item = WithUsage(new JsonObject { ["name"] = container.Name, ["startTime"] = Time(Moment(container.Container.CreatedAt)) }, container.Usage);
        if (!brief)
        {
            var now = container.Usage.Counters.Time;
            item["rootfs"] = Disk(now, FileSystemSpace.Of(options.DataDirectory), layers.GetValueOrDefault(container.Container.Id));
            item["logs"] = Disk(now, FileSystemSpace.Of(options.PodLogsDirectory), DiskUse.Of(Path.Combine(PodDirectories.Logs(options, pod.Pod), container.Name)));
        }
        return item;
    }

    private static JsonObject WithUsage(JsonObject item, CgroupUsage? usage)
    {
        if (usage is null)
        {
            return item;
        }
        var (counters, now) = (usage.Counters, Time(usage.Counters.Time));
        var cpu = new JsonObject { ["time"] = now };
        if (usage.CpuNanocores is { } cores)
        {
            cpu["usageNanoCores"] = cores;
        }
        cpu["usageCoreNanoSeconds"] = counters.CpuNanoseconds;
        item["cpu"] = cpu;
        var memory = new JsonObject { ["time"] = now };
        if (counters.MemoryLimitBytes is { } limit)
        {
            memory["availableBytes"] = Math.Max(0, limit - counters.WorkingSetBytes);
        }
        memory["usageBytes"] = counters.MemoryBytes;
        memory["workingSetBytes"] = counters.WorkingSetBytes;
        memory["rssBytes"] = counters.RssBytes;
        memory["pageFaults"] = counters.PageFaults;
        memory["majorPageFaults"] = counters.MajorPageFaults;
        item["memory"] = memory;
        item["swap"] = new JsonObject { ["time"] = now, ["swapUsageBytes"] = counters.SwapBytes };
        return item;
    }

    private static JsonObject Disk(DateTimeOffset now, FileSystemSpace space, DiskUse use) => new()
    {
        ["time"] = Time(now),
        ["availableBytes"] = space.AvailableBytes,
        ["capacityBytes"] = space.CapacityBytes,
        ["usedBytes"] = use.Bytes,
        ["inodesFree"] = space.FreeFiles,
        ["inodes"] = space.Files,
        ["inodesUsed"] = use.Files,
    };

    private static JsonObject Volume(DateTimeOffset now, VolumeAccount volume)
    {
        var item = Disk(now, volume.Space, volume.Use);
        item["name"] = volume.Name;
        if (volume.Claim is { } claim)
        {
            item["pvcRef"] = new JsonObject { ["name"] = claim.Name, ["namespace"] = claim.Namespace };
        }
        return item;
    }

    private static JsonObject Network(DateTimeOffset now, IReadOnlyList<LinkCounters> links, string first)
    {
        var item = new JsonObject { ["time"] = Time(now) };
        if (links.FirstOrDefault(link => link.Name == first) is { } main)
        {
            Carry(item, main);
        }
        item["interfaces"] = new JsonArray([.. links.Select(link => Carry([], link))]);
        return item;
    }

    private static JsonObject Carry(JsonObject item, LinkCounters link)
    {
        item["name"] = link.Name;
        item["rxBytes"] = link.ReceivedBytes;
        item["rxErrors"] = link.ReceiveErrors;
        item["txBytes"] = link.SentBytes;
        item["txErrors"] = link.SendErrors;
        return item;
    }

    private static DateTimeOffset Moment(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);

    private static string Time(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
