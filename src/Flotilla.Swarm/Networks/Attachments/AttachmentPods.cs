using System.Net;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Attachments;

/// <summary>
/// Plain containers of this machine in networks of the swarm: for each a Pod here that only holds the network, so that isolation, names and addresses are those of tasks.
/// </summary>
internal sealed class AttachmentPods(SwarmContext context, IMachineEngine machine) : ISwarmNetworks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    public async Task<SwarmNetwork?> FindAsync(string word, CancellationToken cancellationToken)
    {
        if (await context.CurrentIfPossibleAsync(cancellationToken) is not { Swarm: not null } known)
        {
            return null;
        }

        try
        {
            var network = SwarmNetworks.Find(word, [.. SwarmNetworks.All(known).Where(network => network.Scope == "swarm")]);
            return new SwarmNetwork(network.Id, network.Name, network.Spec.Boolean("Attachable") == true, network.Spec.Boolean("Internal") == true);
        }
        catch (DockerException missing) when (missing.Code == 404)
        {
            return null;
        }
    }

    public async Task<SwarmPlace> AttachAsync(string container, IReadOnlyList<SwarmNetwork> networks, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        await DetachAsync(container, cancellationToken);
        await WaitUntilGoneAsync(container, cancellationToken);
        await SweepAsync(cancellationToken);
        var created = await context.Client.CreateAsync(AttachmentPlan.Pod(container, networks, context.Options), cancellationToken);
        await context.Client.CreateAsync(AttachmentPlan.Names(created, container, networks, names), cancellationToken);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Limit);
        try
        {
            while (true)
            {
                var pod = await context.Client.GetAsync<V1Pod>(created.Key(), bounded.Token);
                if (pod.Status is { PodIP.Length: > 0 } status && status.ContainerStatuses?.Any(one => one.State?.Running is not null) == true)
                {
                    return new SwarmPlace(IPAddress.Parse(status.PodIP), pod.Metadata.Uid, AttachmentPlan.Search(networks, context.Options));
                }

                if (pod.Status?.Phase == "Failed")
                {
                    throw new DockerException(500, $"the network of the container is refused: {pod.Status.Message ?? pod.Status.Reason}");
                }

                await Task.Delay(AskAgain, context.Time, bounded.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await DetachAsync(container, cancellationToken);
            throw new DockerException(500, $"the network of the container is not ready after {Limit.TotalSeconds:0} s; 'kubectl describe pod {created.Metadata.Name}' tells why");
        }
    }

    public async Task DetachAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            await context.Client.DeleteAsync<V1Pod>(KeyOf(container), new V1DeleteOptions { GracePeriodSeconds = 0 }, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // Its names go with it.
        }
        catch (ApiException refused)
        {
            throw DockerException.From(refused);
        }
    }

    // A container may have gone while the cluster did not answer.
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var pod in (await context.Client.ListAsync<V1Pod>(new ListScope(context.Options.Namespace, AttachmentPlan.Label), cancellationToken)).Items)
        {
            if (pod.Spec.NodeName == context.Options.NodeName && !machine.HasContainer(pod.GetLabel(AttachmentPlan.Label)))
            {
                await DetachAsync(pod.GetLabel(AttachmentPlan.Label), cancellationToken);
            }
        }
    }

    private ObjectKey KeyOf(string container) => new(context.Options.Namespace, AttachmentPlan.NameOf(container));

    private async Task WaitUntilGoneAsync(string container, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Limit);
        try
        {
            while (true)
            {
                await context.Client.GetAsync<V1Pod>(KeyOf(container), bounded.Token);
                await Task.Delay(AskAgain, context.Time, bounded.Token);
            }
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // The name is free.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DockerException(500, $"the former network of the container does not go; 'kubectl describe pod {AttachmentPlan.NameOf(container)}' tells why");
        }
    }
}
