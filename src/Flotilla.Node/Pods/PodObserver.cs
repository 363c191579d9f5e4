using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Status;

namespace Flotilla.Node.Pods;

/// <summary>Reads one pod from the runtime. What can no longer change (a container that has exited, a sandbox's address) is read once.</summary>
/// <param name="nodeIps">Whose first one's family is first among a pod's addresses too.</param>
internal sealed class PodObserver(CriClient runtime, string podUid, IReadOnlyList<string> nodeIps, OutOfMemoryKills kills, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, ObservedContainer> exited = new(StringComparer.Ordinal);
    private (string Sandbox, IReadOnlyList<string> Ips)? addresses;

    /// <summary>Whether a container that has exited may yet be told to have done so for another reason.</summary>
    public bool IsUnsettled { get; private set; }

    public async Task<ObservedPod> ObserveAsync(CancellationToken cancellationToken)
    {
        var deadline = DateTime.UtcNow + Timeout;
        var sandboxFilter = new PodSandboxFilter { LabelSelector = { [RuntimeLabels.PodUid] = podUid } };
        var containerFilter = new ContainerFilter { LabelSelector = { [RuntimeLabels.PodUid] = podUid } };
        var sandboxCall = runtime.Runtime.ListPodSandboxAsync(
            new ListPodSandboxRequest { Filter = sandboxFilter }, deadline: deadline, cancellationToken: cancellationToken);
        var containerCall = runtime.Runtime.ListContainersAsync(
            new ListContainersRequest { Filter = containerFilter }, deadline: deadline, cancellationToken: cancellationToken);
        var sandboxes = (await sandboxCall).Items.OrderByDescending(sandbox => sandbox.CreatedAt).ToList();
        var found = (await containerCall).Containers;
        var read = await Task.WhenAll(found.Select(container => ReadAsync(container, deadline, cancellationToken)));
        var containers = read.OfType<ObservedContainer>().ToLookup(container => InterruptedStart.Is(container.Status));
        var now = time.GetUtcNow();
        IsUnsettled = containers[false].Any(container => container.IsUnsettled(now));
        foreach (var container in containers[false].Where(container => container.IsExited && !container.IsUnsettled(now)))
        {
            exited[container.Id] = container;
        }
        return new ObservedPod(
            sandboxes,
            [.. containers[false].OrderByDescending(container => container.Status.CreatedAt)],
            await AddressesAsync(sandboxes.FirstOrDefault(), deadline, cancellationToken))
        {
            Interrupted = [.. containers[true].Select(container => container.Id)],
        };
    }

    private async Task<ObservedContainer?> ReadAsync(Container container, DateTime deadline, CancellationToken cancellationToken)
    {
        if (exited.TryGetValue(container.Id, out var known))
        {
            return known;
        }
        try
        {
            var answer = await runtime.Runtime.ContainerStatusAsync(
                new ContainerStatusRequest { ContainerId = container.Id }, deadline: deadline, cancellationToken: cancellationToken);
            var message = answer.Status.State == ContainerState.ContainerExited ? TerminationMessage.Read(answer.Status) : null;
            var observed = new ObservedContainer(
                container.Id, container.PodSandboxId, container.Metadata.Name, container.Metadata.Attempt, answer.Status, message);
            return kills.Has(container.Id) ? observed.ForLackOfMemory() : observed;
        }
        catch (Grpc.Core.RpcException gone) when (gone.StatusCode == Grpc.Core.StatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<string>> AddressesAsync(PodSandbox? sandbox, DateTime deadline, CancellationToken cancellationToken)
    {
        if (sandbox is null)
        {
            return [];
        }
        if (addresses?.Sandbox != sandbox.Id)
        {
            if (sandbox.State != PodSandboxState.SandboxReady)
            {
                return [];
            }
            var answer = await runtime.Runtime.PodSandboxStatusAsync(
                new PodSandboxStatusRequest { PodSandboxId = sandbox.Id }, deadline: deadline, cancellationToken: cancellationToken);
            addresses = (sandbox.Id, PodAddresses.For(answer.Status.Network, nodeIps));
        }
        return addresses.Value.Ips;
    }
}
