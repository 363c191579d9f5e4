using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Members;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Networks.Attachments;

/// <summary>
/// For each container that a node wants in networks of the swarm a Pod on that node, which only holds the network, so that isolation, names and addresses are
/// those of tasks. Only the node's own word counts, for itself, and only networks that are attachable.
/// </summary>
internal sealed class AttachmentController : SwarmReconciler
{
    public AttachmentController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-attachment-controller", workers: 2, logger)
    {
        Known.Nodes.Subscribe(change =>
        {
            if (change.Old?.GetAnnotation(SwarmApi.Attachments) != change.New?.GetAnnotation(SwarmApi.Attachments) || (change.Latest.GetAnnotation(SwarmApi.Attachments) is not null && change.Old?.GetAnnotation(SwarmApi.Left) != change.New?.GetAnnotation(SwarmApi.Left)))
            {
                Queue.Add(change.Latest.Key());
            }
        });
        Known.Pods.Subscribe(change =>
        {
            if (change.Latest.GetLabel(AttachmentPlan.Label) is not null)
            {
                Queue.Add(new ObjectKey(null, change.Latest.Spec.NodeName));
            }
        });
        Known.Networks.Subscribe(_ => EnqueueAll());
        Known.Swarms.Subscribe(_ => EnqueueAll());
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Nodes.Get(key) is not { Metadata.DeletionTimestamp: null } node || AttachmentList.Of(node) is not { } said)
        {
            return;
        }

        var networks = Known.Swarm is null || !Membership.IsMember(node) ? [] : SwarmNetworks.Shared(Known);
        var wanted = AttachmentPlan.Allowed(said, networks).ToDictionary(one => AttachmentPlan.NameOf(one.Container), StringComparer.Ordinal);
        foreach (var pod in Known.Pods.List().Where(pod => pod.GetLabel(AttachmentPlan.Label) is not null && pod.Spec.NodeName == key.Name && pod.Metadata.DeletionTimestamp is null))
        {
            if (!wanted.TryGetValue(pod.Metadata.Name, out var one) || !AttachmentPlan.IsOf(pod, one))
            {
                await DeleteAsync(pod, cancellationToken);
            }
        }

        foreach (var one in wanted.Values)
        {
            await KeepAsync(one, key.Name, cancellationToken);
        }
    }

    private async Task KeepAsync(SwarmAttachment wanted, string node, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(Context.Options.Namespace, AttachmentPlan.NameOf(wanted.Container));
        var pod = Known.Pods.Get(key);
        if (pod is null)
        {
            try
            {
                pod = await Context.Client.CreateAsync(AttachmentPlan.Pod(wanted, node, Context.Options), cancellationToken);
            }
            catch (ApiException exists) when (exists.IsAlreadyExists)
            {
                // It is heard of soon, or it is somebody else's.
                return;
            }
        }

        // Of another node or of a user, or the one before, which is on its way out: what comes next is heard of.
        if (pod.GetLabel(AttachmentPlan.Label) is null || pod.Spec.NodeName != node || pod.Metadata.DeletionTimestamp is not null || !AttachmentPlan.IsOf(pod, wanted))
        {
            return;
        }

        if (AttachmentPlan.Labels(pod, wanted) is { Count: > 0 } labels)
        {
            await PatchAsync<V1Pod>(key, "labels", labels, cancellationToken);
        }

        await NameAsync(AttachmentPlan.Names(pod, wanted), cancellationToken);
    }

    private async Task NameAsync(V1Service names, CancellationToken cancellationToken)
    {
        if (Known.KubernetesServices.Get(names.Key()) is not { } known || known.Metadata.OwnerReferences?.Any(owner => owner.Uid == names.Metadata.OwnerReferences[0].Uid) != true)
        {
            try
            {
                await Context.Client.CreateAsync(names, cancellationToken);
            }
            catch (ApiException exists) when (exists.IsAlreadyExists)
            {
                // Just made, or of the pod before, and being collected.
                Queue.AddAfter(new ObjectKey(null, Known.Pods.Get(names.Key())?.Spec.NodeName ?? ""), TimeSpan.FromMilliseconds(100));
            }

            return;
        }

        var (name, value) = names.Metadata.Annotations.First();
        if (known.GetAnnotation(name) != value)
        {
            await PatchAsync<V1Service>(names.Key(), "annotations", new JsonObject { [name] = value }, cancellationToken);
        }
    }

    private Task PatchAsync<T>(ObjectKey key, string part, JsonObject changes, CancellationToken cancellationToken)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
        Context.Client.PatchAsync<T>(key, new Patch(PatchKind.Merge, ObjectJson.Encode(new JsonObject { ["metadata"] = new JsonObject { [part] = changes } })), null, cancellationToken);

    private async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            await Context.Client.DeleteAsync<V1Pod>(pod.Key(), new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound || gone.IsConflict)
        {
            // Its names go with it.
        }
    }

    private void EnqueueAll()
    {
        foreach (var node in Known.Nodes.List().Where(node => node.GetAnnotation(SwarmApi.Attachments) is not null))
        {
            Queue.Add(node.Key());
        }
    }
}
