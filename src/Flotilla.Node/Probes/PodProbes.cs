using System.Collections.Concurrent;
using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Statistics;
using k8s.Models;

namespace Flotilla.Node.Probes;

/// <summary>
/// The probes of one pod's running containers: a loop for each, whose verdicts any thread may read.
/// <paramref name="changed"/> is called whenever a verdict does.
/// </summary>
internal sealed class PodProbes(PodServices services, Action changed) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ContainerProbes> probed = new(StringComparer.Ordinal);

    /// <summary>Probes what runs and forgets what does not. An adopted container keeps the verdicts its status tells.</summary>
    public void Follow(V1Pod pod, ObservedPod observed)
    {
        var running = observed.Running.ToDictionary(container => container.Id, StringComparer.Ordinal);
        foreach (var (id, probes) in probed)
        {
            if (!running.ContainsKey(id) && probed.TryRemove(id, out _))
            {
                probes.Stop();
            }
        }
        foreach (var container in running.Values)
        {
            if (pod.FindContainer(container.Name) is { } spec && (spec.IsSidecar() || !pod.IsInit(spec.Name)) && !probed.ContainsKey(container.Id))
            {
                var known = (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? [])
                    .FirstOrDefault(status => status.Name == spec.Name && status.ContainerID == "containerd://" + container.Id);
                var target = new ProbeTarget(pod, spec, container, observed.Ip ?? pod.Status?.HostIP ?? "127.0.0.1");
                var probes = new ContainerProbes(target, services, changed, known?.Ready == true, known?.Started == true);
                probed[container.Id] = probes;
                probes.Start();
            }
        }
    }

    public bool IsStarted(string containerId) => probed.TryGetValue(containerId, out var probes) && probes.IsStarted;

    public bool IsReady(string containerId) => probed.TryGetValue(containerId, out var probes) && probes.IsReady;

    public string? Unhealthy(string containerId) => probed.GetValueOrDefault(containerId)?.Unhealthy;

    public void StopAll()
    {
        foreach (var probes in probed.Values)
        {
            probes.Stop();
        }
    }

    public async ValueTask DisposeAsync()
    {
        StopAll();
        await Task.WhenAll(probed.Values.Select(probes => probes.Completion));
    }
}

internal sealed record ProbeTarget(V1Pod Pod, V1Container Spec, ObservedContainer Container, string Ip);
