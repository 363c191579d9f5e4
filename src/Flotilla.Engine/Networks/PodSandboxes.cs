using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Linux.Cri;

namespace Flotilla.Engine.Networks;

/// <summary>Pods of this machine, as what holds a network.</summary>
internal sealed class PodSandboxes(Runtime runtime)
{
    private const string UidLabel = "io.kubernetes.pod.uid";

    /// <summary>The process that is in the pod's network.</summary>
    /// <exception cref="DockerException">The pod does not run here.</exception>
    public async Task<int> ProcessAsync(string podUid, CancellationToken cancellationToken)
    {
        var filter = new PodSandboxFilter { State = new PodSandboxStateValue { State = PodSandboxState.SandboxReady }, LabelSelector = { [UidLabel] = podUid } };
        var found = (await runtime.CriContainers.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter }, cancellationToken: cancellationToken)).Items.FirstOrDefault()
            ?? throw new DockerException(500, "the network of the container is gone right after it was made");
        var status = await runtime.CriContainers.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = found.Id, Verbose = true }, cancellationToken: cancellationToken);
        return status.Info.TryGetValue("info", out var text) && JsonNode.Parse(text).Integer("pid") is > 0 and var pid ? (int)pid : throw new DockerException(500, "the container runtime does not tell the process of a pod's network");
    }
}
