using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Nodes;

/// <summary>A node's own agent writes only what is its own: its Node, Lease and CSINode, and the pods on it.</summary>
internal sealed class NodeRestriction(IStore store) : IAdmissionPlugin
{
    private const string NodesGroup = "system:nodes";
    private const string UserPrefix = "system:node:";

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.User.Groups.Contains(NodesGroup) || !request.User.Name.StartsWith(UserPrefix, StringComparison.Ordinal))
        {
            return;
        }

        var node = request.User.Name[UserPrefix.Length..];
        if (node.Length == 0)
        {
            throw request.Forbidden($"could not determine node from user \"{request.User.Name}\"");
        }

        if (await CheckAsync(request, node, cancellationToken) is { } wrong)
        {
            throw request.Forbidden(wrong);
        }
    }

    private async ValueTask<string?> CheckAsync(AdmissionRequest request, string node, CancellationToken cancellationToken) => (request.Kind.GroupResource, request.Subresource) switch
    {
        ("pods", null) => request.Operation switch
        {
            AdmissionOperation.Create => NodePodRules.CheckCreation(request.Object, node),
            AdmissionOperation.Delete => IsOn(request.Old, node) ? null : $"node \"{node}\" can only delete pods with spec.nodeName set to itself",
            _ => $"unexpected operation \"{request.Operation.ToString().ToUpperInvariant()}\", node \"{node}\" can only create and delete mirror pods",
        },
        ("pods", "status") => NodePodRules.CheckStatus(request, node),
        ("pods", "eviction") => IsOn(await store.FindAsync(CoreKinds.Pod, request.Namespace, request.Name, cancellationToken), node)
            ? null
            : $"node \"{node}\" can only evict pods with spec.nodeName set to itself",
        ("pods", _) => $"unexpected pod subresource \"{request.Subresource}\", only 'status' and 'eviction' are allowed",
        ("nodes", _) => NodeObjectRules.Check(request, node),
        ("persistentvolumeclaims", not "status") => "may only update PVC status",
        ("serviceaccounts", "token") when request is { Namespace: NodeAccount.Namespace, Name: NodeAccount.Name } => null,
        ("serviceaccounts", "token") => await CheckTokenAsync(request, node, cancellationToken),
        ("leases.coordination.k8s.io", _) => request.Namespace != "kube-node-lease" ? "can only access leases in the \"kube-node-lease\" system namespace"
            : request.Name != node ? "can only access node lease with the same name as the requesting node"
            : null,
        ("csinodes.storage.k8s.io", _) => request.Name == node ? null : "can only access CSINode with the same name as the requesting node",
        _ => null,
    };

    private async Task<string?> CheckTokenAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        if (request.Object.Object("spec").Object("boundObjectRef") is not { } bound || bound.String("apiVersion") != "v1" || bound.String("kind") != "Pod" || bound.String("name") is not { Length: > 0 } name)
        {
            return "node requested token not bound to a pod";
        }

        if (string.IsNullOrEmpty(bound.String("uid")))
        {
            return "node requested token with a pod binding without a uid";
        }

        var pod = await store.FindAsync(CoreKinds.Pod, request.Namespace, name, cancellationToken);
        return pod is null ? $"pods \"{name}\" not found"
            : pod.Object("metadata").String("uid") != bound.String("uid") ? $"the UID in the bound object reference ({bound.String("uid")}) does not match the UID in record. The object might have been deleted and then recreated"
            : IsOn(pod, node) ? null
            : "node requested token bound to a pod scheduled on a different node";
    }

    private static bool IsOn(JsonObject? pod, string node) => pod is null || pod.Object("spec").String("nodeName") == node;
}
