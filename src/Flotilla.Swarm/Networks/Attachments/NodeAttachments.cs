using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Members;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Attachments;

/// <summary>Plain containers of this machine in networks of the swarm: its Node says what it wants, and the managers give it (<see cref="AttachmentController"/>).</summary>
/// <param name="client">As the node, or as somebody who may more.</param>
/// <param name="find">The networks of the swarm.</param>
/// <param name="pods">Of all nodes.</param>
internal sealed class NodeAttachments(IObjectClient client, IMember member, SwarmNetworkSearch find, Informer<V1Pod> pods, TimeProvider time) : ISwarmNetworks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    public bool IsActive => member.State.StartsWith("active", StringComparison.Ordinal);

    public async Task<SwarmNetwork?> FindAsync(string word, CancellationToken cancellationToken)
    {
        try
        {
            return Lookup.Find("network", word, await find(cancellationToken), network => network.Id, network => network.Name);
        }
        catch (DockerException missing) when (missing.Code == 404)
        {
            return null;
        }
    }

    public async Task TellAsync(IReadOnlyCollection<SwarmAttachment> all, CancellationToken cancellationToken)
    {
        await member.KnowSelfAsync(cancellationToken);
        if (all.Count == 0 && member.Self?.GetAnnotation(SwarmApi.Attachments) is null)
        {
            return;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SwarmApi.Attachments] = AttachmentList.Text(all) } } };
        try
        {
            await client.PatchAsync<V1Node>(new ObjectKey(null, member.Options.NodeName), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
        }
        catch (ApiException refused)
        {
            throw DockerException.From(refused);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutException)
        {
            throw new DockerException(503, $"no manager of the swarm answers: {away.Message}");
        }
    }

    public async Task<SwarmPlace> PlaceAsync(SwarmAttachment wanted, CancellationToken cancellationToken)
    {
        SwarmPlace? found = null;
        await WaitAsync(
            () => (found = PlaceIn(PodOf(wanted.Container), wanted)) is not null,
            () => new DockerException(500, Refusal(PodOf(wanted.Container), wanted)),
            cancellationToken);
        return found!;
    }

    public Task LeftAsync(string container, CancellationToken cancellationToken) => WaitAsync(
        () => PodOf(container) is null,
        () => new DockerException(500, $"the container has left, and its former network does not go; 'kubectl describe pod {AttachmentPlan.NameOf(container)}' tells why"),
        cancellationToken);

    public async Task<bool> IsThereAsync(string container, string sandbox, string address, CancellationToken cancellationToken)
    {
        await pods.WaitForSyncAsync(cancellationToken);
        return PodOf(container) is { Metadata.DeletionTimestamp: null } pod && pod.Metadata.Uid == sandbox && (pod.Status?.PodIP is not { Length: > 0 } now || now == address);
    }

    public void WhenMoved(Action tell) => pods.Subscribe(change =>
    {
        if (change.Old is { } old && old.GetLabel(AttachmentPlan.Label) is not null && old.Spec.NodeName == member.Options.NodeName
            && (change.New is not { } now || now.Metadata.DeletionTimestamp is not null || now.Metadata.Uid != old.Metadata.Uid || now.Status?.PodIP != old.Status?.PodIP))
        {
            tell();
        }
    });

    public IReadOnlyList<IPAddress> Members(IReadOnlyList<string> among, IReadOnlyList<string> except) =>
        [.. pods.List().Where(pod => IsIn(pod, among) && !IsIn(pod, except)).SelectMany(pod => pod.Status?.PodIPs ?? []).Select(address => IPAddress.TryParse(address.Ip, out var parsed) ? parsed : null).OfType<IPAddress>()];

    private static bool IsIn(V1Pod pod, IReadOnlyList<string> networks) => networks.Any(network => pod.GetLabel(SwarmApi.NetworkLabelPrefix + network) is not null);

    private static string Refusal(V1Pod? pod, SwarmAttachment wanted) => pod?.Status?.Phase == "Failed"
        ? $"the network of the container is refused: {pod.Status.Message ?? pod.Status.Reason}"
        : $"attaching to network failed: it is not ready after {Limit.TotalSeconds:0} s; 'kubectl describe pod {AttachmentPlan.NameOf(wanted.Container)}' tells why";

    private SwarmPlace? PlaceIn(V1Pod? pod, SwarmAttachment wanted) =>
        pod?.Metadata.DeletionTimestamp is null && pod?.Status is { PodIP.Length: > 0 } status && status.ContainerStatuses?.Any(one => one.State?.Running is not null) == true
        && AttachmentPlan.IsOf(pod, wanted) && AttachmentPlan.Labels(pod, wanted).Count == 0
            ? new SwarmPlace(IPAddress.Parse(status.PodIP), pod.Metadata.Uid, AttachmentPlan.Search(wanted, member.Options))
            : null;

    private V1Pod? PodOf(string container) => pods.Get(new ObjectKey(member.Options.Namespace, AttachmentPlan.NameOf(container)));

    private async Task WaitAsync(Func<bool> isDone, Func<DockerException> refuse, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Limit);
        try
        {
            await pods.WaitForSyncAsync(bounded.Token);
            while (!isDone())
            {
                await Task.Delay(LookAgain, time, bounded.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw refuse();
        }
    }
}

/// <summary>All networks of the swarm, with the attachable ones among them; none where there is no swarm.</summary>
internal delegate Task<IReadOnlyList<SwarmNetwork>> SwarmNetworkSearch(CancellationToken cancellationToken);
