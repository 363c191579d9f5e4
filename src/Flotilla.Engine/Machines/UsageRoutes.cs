using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Machines;

/// <summary><c>docker stats</c>: what a container uses, once a second.</summary>
internal sealed class UsageRoutes(ContainerStore containers, ContainerLaunch launch, TimeProvider time)
{
    private const long NanosecondsPerTick = 10_000_000;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    public IEnumerable<Route> All => [new("GET", "/containers/{id}/stats", (request, _) => Task.FromResult(Answer(request)))];

    private DockerAnswer Answer(DockerRequest request)
    {
        var container = containers.Find(request.Id);
        var isStream = request.Flag("stream", absent: true);
        var isOnce = request.Flag("one-shot");
        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = DockerAnswer.JsonType;
            await response.Body.FlushAsync(token);
            Sample? before = null;
            while (!container.IsRemoved)
            {
                var now = await TakeAsync(container);

                // A rate needs two looks.
                if (isStream || isOnce || before is not null || !container.Record.State.IsRunning)
                {
                    await response.Body.WriteAsync(WireJson.Bytes(View(container, now, before)), token);
                    await response.Body.WriteAsync(LineEnd, token);
                    await response.Body.FlushAsync(token);
                    if (!isStream)
                    {
                        return;
                    }
                }

                before = now;
                await Task.Delay(Every, time, token);
            }
        });
    }

    private async Task<Sample> TakeAsync(Container container)
    {
        var links = container.Record.State.IsRunning ? await LinkCountsAsync(container.Record.State.Pid) : [];
        return new Sample(time.GetUtcNow().UtcDateTime, Cgroups.Usage(launch.CgroupOf(container.Id)), MachineCpu(), links);
    }

    private static JsonObject View(Container container, Sample now, Sample? before) => new()
    {
        ["name"] = "/" + container.Record.Name,
        ["id"] = container.Id,
        ["read"] = TimeWords.Of(now.At),
        ["preread"] = before is null ? TimeWords.Never : TimeWords.Of(before.At),
        ["num_procs"] = 0,
        ["pids_stats"] = container.Record.State.IsRunning ? new JsonObject { ["current"] = now.Usage.Processes } : new JsonObject(),
        ["cpu_stats"] = Cpu(now),
        ["precpu_stats"] = before is null ? Cpu(now with { Usage = now.Usage with { Cpu = 0, UserCpu = 0, SystemCpu = 0 }, MachineCpu = 0 }) : Cpu(before),
        ["memory_stats"] = container.Record.State.IsRunning ? Memory(container, now.Usage) : new JsonObject(),
        ["blkio_stats"] = new JsonObject { ["io_service_bytes_recursive"] = new JsonArray() },
        ["storage_stats"] = new JsonObject(),
        ["networks"] = new JsonObject(now.Links.Select(link => KeyValuePair.Create(link.Name, (JsonNode?)new JsonObject
        {
            ["rx_bytes"] = link.Received, ["rx_packets"] = link.ReceivedPackets, ["rx_errors"] = 0, ["rx_dropped"] = 0, ["tx_bytes"] = link.Sent, ["tx_packets"] = link.SentPackets, ["tx_errors"] = 0, ["tx_dropped"] = 0,
        }))),
    };

    private static JsonObject Cpu(Sample sample) => new()
    {
        ["cpu_usage"] = new JsonObject { ["total_usage"] = sample.Usage.Cpu, ["usage_in_usermode"] = sample.Usage.UserCpu, ["usage_in_kernelmode"] = sample.Usage.SystemCpu },
        ["system_cpu_usage"] = sample.MachineCpu,
        ["online_cpus"] = Environment.ProcessorCount,
        ["throttling_data"] = new JsonObject { ["periods"] = 0, ["throttled_periods"] = 0, ["throttled_time"] = 0 },
    };

    private static JsonObject Memory(Container container, CgroupUsage usage) => new()
    {
        ["usage"] = usage.Memory,
        ["limit"] = container.Record.HostConfig.Integer("Memory") is > 0 and var limit ? limit : MachineMemory(),
        ["stats"] = new JsonObject { ["total_inactive_file"] = usage.InactiveFile, ["inactive_file"] = usage.InactiveFile },
    };

    private static long MachineMemory() => File.ReadLines("/proc/meminfo").First() is var line ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 : 0;

    private static long MachineCpu() =>
        File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(7).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) * NanosecondsPerTick;

    private static async Task<IReadOnlyList<LinkCount>> LinkCountsAsync(int pid)
    {
        try
        {
            return [.. (await File.ReadAllLinesAsync($"/proc/{pid}/net/dev")).Skip(2).Select(LinkCount.Parse).OfType<LinkCount>().Where(link => link.Name != "lo")];
        }
        catch (IOException)
        {
            // It has just ended.
            return [];
        }
    }

    private sealed record Sample(DateTime At, CgroupUsage Usage, long MachineCpu, IReadOnlyList<LinkCount> Links);

    private sealed record LinkCount(string Name, long Received, long ReceivedPackets, long Sent, long SentPackets)
    {
        public static LinkCount? Parse(string line)
        {
            var words = line.Split((char[])[' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            return words.Length < 11 ? null : new LinkCount(words[0], Number(1), Number(2), Number(9), Number(10));

            long Number(int at) => long.TryParse(words[at], CultureInfo.InvariantCulture, out var number) ? number : 0;
        }
    }
}
