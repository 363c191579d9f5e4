using System.Diagnostics;
using Flotilla.Client.Metrics;
using Flotilla.Linux.Cri;

namespace Flotilla.Node.Statistics;

/// <summary>The series of <c>/metrics</c>: the agent itself and how much it looks after.</summary>
internal sealed class AgentSeries(NodeOptions options, RuntimeView runtime, TimeProvider time)
{
    private readonly DateTimeOffset started = time.GetUtcNow();

    public void Write(MetricsText text)
    {
        text.Family("kubelet_node_name", "gauge", "The node's name. The count is always 1.");
        text.Sample("kubelet_node_name", 1, ("node", options.NodeName));
        text.Family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox");
        text.Sample("kubelet_running_pods", runtime.Sandboxes.Count(sandbox => sandbox.State == PodSandboxState.SandboxReady));
        text.Family("kubelet_running_containers", "gauge", "Number of containers currently running");
        foreach (var group in runtime.Containers.GroupBy(container => container.State))
        {
            text.Sample("kubelet_running_containers", group.Count(), ("container_state", NameOf(group.Key)));
        }
        text.Family("kubernetes_build_info", "gauge", "A metric with a constant '1' value labeled by version");
        text.Sample("kubernetes_build_info", 1, ("git_version", options.KubeletVersion), ("platform", $"linux/{Status.MachineInfo.Architecture}"));
        WriteProcess(text);
    }

    private void WriteProcess(MetricsText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.");
        text.Sample("process_cpu_seconds_total", process.TotalProcessorTime.TotalSeconds);
        text.Family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
        text.Sample("process_resident_memory_bytes", process.WorkingSet64);
        text.Family("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.");
        text.Sample("process_virtual_memory_bytes", process.VirtualMemorySize64);
        text.Family("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.");
        text.Sample("process_start_time_seconds", started.ToUnixTimeMilliseconds() / 1000.0);
    }

    private static string NameOf(ContainerState state) => state switch
    {
        ContainerState.ContainerCreated => "created",
        ContainerState.ContainerRunning => "running",
        ContainerState.ContainerExited => "exited",
        _ => "unknown",
    };
}
