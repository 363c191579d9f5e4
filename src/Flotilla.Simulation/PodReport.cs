using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Simulation;

/// <summary>Writes the status of a simulated pod, as a merge patch.</summary>
internal sealed class PodReport
{
    private const uint FirstAddress = 0x0A800001; // 10.128.0.1
    private static readonly string[] Progress = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    private int addresses = -1;

    public byte[] For(V1Pod pod, PodAction action, string hostAddress, DateTime now)
    {
        var address = pod.Spec.HostNetwork == true ? hostAddress : pod.Status?.PodIP is { Length: > 0 } own ? own : NextAddress();
        var time = now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var started = pod.Status?.StartTime?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? time;
        var buffer = new ArrayBufferWriter<byte>(1536);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("status");
            json.WriteString("phase", action switch { PodAction.Start => "Running", PodAction.Succeed => "Succeeded", _ => "Failed" });
            json.WriteString("hostIP", hostAddress);
            WriteAddresses(json, "hostIPs", hostAddress);
            json.WriteString("podIP", address);
            WriteAddresses(json, "podIPs", address);
            json.WriteString("startTime", started);
            WriteConditions(json, pod, action, time);
            WriteContainers(json, "initContainerStatuses", pod.Spec.InitContainers, pod, action, started, time);
            WriteContainers(json, "containerStatuses", pod.Spec.Containers, pod, action, started, time);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private string NextAddress() =>
        new IPAddress(BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)(FirstAddress + ((uint)Interlocked.Increment(ref addresses) % (1u << 22)))))).ToString();

    private static void WriteAddresses(Utf8JsonWriter json, string name, string address)
    {
        json.WriteStartArray(name);
        json.WriteStartObject();
        json.WriteString("ip", address);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteConditions(Utf8JsonWriter json, V1Pod pod, PodAction action, string time)
    {
        json.WriteStartArray("conditions");
        foreach (var type in Progress)
        {
            var isReadiness = type is "Ready" or "ContainersReady";
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("status", action == PodAction.Start || !isReadiness ? "True" : "False");
            if (isReadiness && action != PodAction.Start)
            {
                json.WriteString("reason", action == PodAction.Succeed ? "PodCompleted" : "PodFailed");
            }

            var known = pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type && condition.Status == "True");
            json.WriteString("lastTransitionTime", known?.LastTransitionTime is { } since && (action == PodAction.Start || !isReadiness)
                ? since.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
                : time);
            json.WriteNull("lastProbeTime");
            if (pod.Metadata.Generation is { } generation)
            {
                json.WriteNumber("observedGeneration", generation);
            }

            json.WriteEndObject();
        }

        // Those of others, like the scheduler's, stay: the list is replaced as a whole.
        foreach (var other in (pod.Status?.Conditions ?? []).Where(condition => !Progress.Contains(condition.Type)))
        {
            json.WriteRawValue(ObjectJson.Encode(other));
        }

        json.WriteEndArray();
    }

    private static void WriteContainers(Utf8JsonWriter json, string name, IList<V1Container>? containers, V1Pod pod, PodAction action, string started, string time)
    {
        if (containers is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var container in containers)
        {
            var runs = action == PodAction.Start && (name == "containerStatuses" || container.RestartPolicy == "Always");
            var failed = action == PodAction.Fail && name == "containerStatuses";
            json.WriteStartObject();
            json.WriteString("name", container.Name);
            json.WriteString("image", container.Image);
            json.WriteString("imageID", $"simulated://{container.Image}");
            json.WriteString("containerID", $"simulated://{pod.Metadata.Uid}/{container.Name}");
            json.WriteBoolean("ready", runs || (action == PodAction.Start && name == "initContainerStatuses"));
            json.WriteBoolean("started", runs);
            json.WriteNumber("restartCount", 0);
            json.WriteStartObject("state");
            json.WriteStartObject(runs ? "running" : "terminated");
            json.WriteString("startedAt", started);
            if (!runs)
            {
                json.WriteString("finishedAt", time);
                json.WriteNumber("exitCode", failed ? 1 : 0);
                json.WriteString("reason", failed ? "Error" : "Completed");
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
