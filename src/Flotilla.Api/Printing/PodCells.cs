using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Printing;

/// <summary>How kubectl sums up a pod: ready count, one-word status, restarts.</summary>
public static class PodCells
{
    public static readonly IReadOnlyList<Column> All =
    [
        Cells.Name,
        new("Ready", (pod, _) => Summary.Of(pod).ReadyText),
        new("Status", (pod, _) => Summary.Of(pod).Status),
        new("Restarts", (pod, context) => Summary.Of(pod).RestartsText(context)),
        Cells.Age,
        new("IP", (pod, _) => pod.Object("status").Objects("podIPs").FirstOrDefault().String("ip") ?? pod.Object("status").String("podIP") ?? Cells.None, 1),
        Cells.Text("Node", "spec.nodeName", 1, Cells.None),
        Cells.Text("Nominated Node", "status.nominatedNodeName", 1, Cells.None),
        new("Readiness Gates", (pod, _) => Gates(pod), 1),
    ];

    private static string Gates(JsonObject pod)
    {
        var gates = pod.Object("spec").Objects("readinessGates").ToList();
        if (gates.Count == 0)
        {
            return Cells.None;
        }

        var met = gates.Count(gate => pod.Object("status").Objects("conditions").Any(condition =>
            condition.String("type") == gate.String("conditionType") && condition.String("status") == "True"));
        return string.Create(CultureInfo.InvariantCulture, $"{met}/{gates.Count}");
    }

    private sealed class Summary
    {
        private int ready;
        private int total;
        private long restarts;
        private long sidecarRestarts;
        private DateTimeOffset? lastRestart;

        public string Status { get; private set; } = "";

        public string ReadyText => string.Create(CultureInfo.InvariantCulture, $"{ready}/{total}");

        public static Summary Of(JsonObject pod)
        {
            var summary = new Summary();
            summary.Read(pod);
            return summary;
        }

        public string RestartsText(ColumnContext context) => restarts > 0 && lastRestart is { } time
            ? string.Create(CultureInfo.InvariantCulture, $"{restarts} ({Cells.Duration(context.Now - time)} ago)")
            : restarts.ToString(CultureInfo.InvariantCulture);

        private void Read(JsonObject pod)
        {
            var (spec, status) = (pod.Object("spec"), pod.Object("status"));
            total = spec.Objects("containers").Count();
            var sidecars = spec.Objects("initContainers").Where(container => container.String("restartPolicy") == "Always").Select(container => container.String("name")).ToHashSet(StringComparer.Ordinal);
            total += sidecars.Count;
            Status = status.String("reason") is { Length: > 0 } reason ? reason : status.String("phase") ?? "";
            var scheduled = status.Objects("conditions").FirstOrDefault(condition => condition.String("type") == "PodScheduled");
            if (scheduled.String("reason") == "SchedulingGated")
            {
                Status = "SchedulingGated";
            }

            if (!ReadInit(spec, status, sidecars) || Initialized(status))
            {
                ReadContainers(status);
            }

            if (pod.Object("metadata").String("deletionTimestamp") is { Length: > 0 })
            {
                Status = status.String("reason") == "NodeLost" ? "Unknown" : status.String("phase") is "Succeeded" or "Failed" ? Status : "Terminating";
            }
        }

        private bool ReadInit(JsonObject? spec, JsonObject? status, HashSet<string?> sidecars)
        {
            var statuses = status.Objects("initContainerStatuses").ToList();
            var count = spec.Objects("initContainers").Count();
            for (var i = 0; i < statuses.Count; i++)
            {
                var container = statuses[i];
                var state = container.Object("state");
                restarts += container.Integer("restartCount") ?? 0;
                NoteRestart(container);
                if (sidecars.Contains(container.String("name")))
                {
                    sidecarRestarts += container.Integer("restartCount") ?? 0;
                }

                if (state.Object("terminated") is { } ended && ended.Integer("exitCode") == 0)
                {
                    continue;
                }

                if (sidecars.Contains(container.String("name")) && container.Boolean("started") == true)
                {
                    if (container.Boolean("ready") == true)
                    {
                        ready++;
                    }

                    continue;
                }

                Status = state.Object("terminated") is { } terminated
                    ? "Init:" + Ended(terminated)
                    : state.Object("waiting").String("reason") is { Length: > 0 } waiting && waiting != "PodInitializing"
                        ? "Init:" + waiting
                        : string.Create(CultureInfo.InvariantCulture, $"Init:{i}/{count}");
                return true;
            }

            return false;
        }

        private void ReadContainers(JsonObject? status)
        {
            restarts = sidecarRestarts;
            var running = false;
            foreach (var container in status.Objects("containerStatuses").Reverse())
            {
                restarts += container.Integer("restartCount") ?? 0;
                NoteRestart(container);
                var state = container.Object("state");
                if (state.Object("waiting").String("reason") is { Length: > 0 } waiting)
                {
                    Status = waiting;
                }
                else if (state.Object("terminated") is { } terminated)
                {
                    Status = Ended(terminated);
                }
                else if (container.Boolean("ready") == true && state.Object("running") is not null)
                {
                    running = true;
                    ready++;
                }
            }

            if (Status == "Completed" && running)
            {
                var isReady = status.Objects("conditions").Any(condition => condition.String("type") == "Ready" && condition.String("status") == "True");
                Status = isReady ? "Running" : "NotReady";
            }
        }

        private void NoteRestart(JsonObject container)
        {
            if (Times.Parse(container.Object("lastState").Object("terminated").String("finishedAt")) is { } time && (lastRestart is null || time > lastRestart))
            {
                lastRestart = time;
            }
        }

        private static bool Initialized(JsonObject? status) =>
            status.Objects("conditions").Any(condition => condition.String("type") == "Initialized" && condition.String("status") == "True");

        private static string Ended(JsonObject terminated)
        {
            if (terminated.String("reason") is { Length: > 0 } reason)
            {
                return reason;
            }

            return terminated.Integer("signal") is > 0 and var signal
                ? string.Create(CultureInfo.InvariantCulture, $"Signal:{signal}")
                : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated.Integer("exitCode") ?? 0}");
        }
    }
}
