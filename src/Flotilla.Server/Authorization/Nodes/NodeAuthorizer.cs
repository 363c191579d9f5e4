using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authorization.Rbac;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization.Nodes;

/// <summary>
/// What a node's agent may do: work on its own node, lease and pods, and read just what its pods need. Everything else
/// follows fixed rules. What is written, admission checks.
/// </summary>
public sealed class NodeAuthorizer(NodeGraph graph, IReadOnlyList<PolicyRule> rules) : IAuthorizer
{
    public const string NodesGroup = "system:nodes";
    private const string NamePrefix = "system:node:";

    public async ValueTask<Decision> DecideAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (!user.Groups.Contains(NodesGroup) || !user.Name.StartsWith(NamePrefix, StringComparison.Ordinal))
        {
            return Decision.None;
        }

        await graph.EnsureStartedAsync(cancellationToken);
        var node = user.Name[NamePrefix.Length..];
        var decision = node.Length == 0 ? No($"unknown node for user \"{user.Name}\"") : Evaluate(node, wanted);
        return decision.IsAllowed || !await graph.CatchUpAsync(cancellationToken) ? decision : Evaluate(node, wanted);
    }

    public ValueTask<RuleList> RulesAsync(RequestUser user, string? space, CancellationToken cancellationToken) =>
        ValueTask.FromResult(user.Groups.Contains(NodesGroup) && user.Name.StartsWith(NamePrefix, StringComparison.Ordinal)
            ? new RuleList([], ["node authorizer does not support user rule resolution"], IsIncomplete: true)
            : RuleList.Empty);

    private Decision Evaluate(string node, AccessAttributes wanted) => (wanted.IsResource ? wanted.Group : "-", wanted.Resource) switch
    {
        ("", "secrets") => Read(node, CoreKinds.Secret, wanted),
        ("", "configmaps") => Read(node, CoreKinds.ConfigMap, wanted),
        ("", "persistentvolumeclaims") when wanted.Subresource == "status" => wanted.Verb is "update" or "patch" ? Related(node, CoreKinds.PersistentVolumeClaim, wanted) : No("can only get/update/patch this type"),
        ("", "persistentvolumeclaims") => Get(node, CoreKinds.PersistentVolumeClaim, wanted),
        ("", "persistentvolumes") => Get(node, CoreKinds.PersistentVolume, wanted),
        ("resource.k8s.io", "resourceclaims") => Get(node, ResourceKinds.ResourceClaim, wanted),
        ("storage.k8s.io", "volumeattachments") => Get(node, StorageKinds.VolumeAttachment, wanted),
        ("", "serviceaccounts") => Token(node, wanted),
        ("coordination.k8s.io", "leases") => Lease(node, wanted),
        ("storage.k8s.io", "csinodes") => StorageNode(node, wanted),
        ("resource.k8s.io", "resourceslices") => Slice(node, wanted),
        ("", "nodes") => Node(node, wanted),
        ("", "pods") => Pod(node, wanted),
        _ => rules.Any(rule => rule.Allows(wanted)) ? Decision.Allowed : Decision.None,
    };

    private Decision Read(string node, Kind kind, AccessAttributes wanted) => wanted switch
    {
        { Verb: not ("get" or "list" or "watch") } => No("can only read resources of this type"),
        { Subresource.Length: > 0 } => No("cannot read subresource"),
        { Namespace: null or "" } => No("can only read namespaced object of this type"),
        _ => Related(node, kind, wanted),
    };

    private Decision Get(string node, Kind kind, AccessAttributes wanted) => wanted switch
    {
        { Verb: not "get" } => No("can only get individual resources of this type"),
        { Subresource.Length: > 0 } => No("cannot get subresource"),
        _ => Related(node, kind, wanted),
    };

    private Decision Related(string node, Kind kind, AccessAttributes wanted)
    {
        if (wanted.Name.Length == 0)
        {
            return No("No Object name found");
        }

        var key = kind.KeyOf(new ObjectKey(kind.IsNamespaced ? wanted.Namespace : null, wanted.Name));
        return graph.Concerns(node, key) ? Decision.Allowed : No($"no relationship found between node '{node}' and this object");
    }

    private Decision Token(string node, AccessAttributes wanted) => wanted switch
    {
        { Verb: not "create" } or { Name.Length: 0 } => No("can only create tokens for individual service accounts"),
        { Subresource: not "token" } => No("can only create token subresource of serviceaccount"),
        _ => Related(node, CoreKinds.ServiceAccount, wanted),
    };

    private static Decision Lease(string node, AccessAttributes wanted) => wanted switch
    {
        { Verb: not ("get" or "create" or "update" or "patch" or "delete") } => No("can only get, create, update, patch, or delete a node lease"),
        { Namespace: not "kube-node-lease" } => No("can only access leases in the \"kube-node-lease\" system namespace"),
        { Verb: not "create" } when wanted.Name != node => No("can only access node lease with the same name as the requesting node"),
        _ => Decision.Allowed,
    };

    private static Decision StorageNode(string node, AccessAttributes wanted) => wanted switch
    {
        { Verb: not ("get" or "create" or "update" or "patch" or "delete") } => No("can only get, create, update, patch, or delete a CSINode"),
        { Subresource.Length: > 0 } => No("cannot authorize CSINode subresources"),
        { Verb: not "create" } when wanted.Name != node => No("can only access CSINode with the same name as the requesting node"),
        _ => Decision.Allowed,
    };

    private static Decision Slice(string node, AccessAttributes wanted) => wanted switch
    {
        { Subresource.Length: > 0 } => No("cannot authorize ResourceSlice subresources"),
        { Verb: "create" } => Decision.Allowed,
        { Verb: "watch" or "list" or "deletecollection" } => wanted.Fields?.Required("spec.nodeName") == node || wanted.Fields?.Required("nodeName") == node
            ? Decision.Allowed
            : No("can only list/watch/deletecollection resourceslices with nodeName field selector"),
        _ => No($"no relationship found between node '{node}' and this object"),
    };

    // The name is compared as it is: an agent looks for its node before it has made it.
    private static Decision Node(string node, AccessAttributes wanted) => (wanted.Subresource, wanted.Verb) switch
    {
        ("", "create" or "update" or "patch") or ("status", "update" or "patch") => Decision.Allowed,
        ("", "get" or "list" or "watch") when wanted.Name == node => Decision.Allowed,
        ("", "get" or "list" or "watch") when wanted.Name.Length == 0 => No($"node '{node}' cannot read all nodes, only its own Node object"),
        ("", "get" or "list" or "watch") => No($"node '{node}' cannot read '{wanted.Name}', only its own Node object"),
        _ => Decision.None,
    };

    private Decision Pod(string node, AccessAttributes wanted) => (wanted.Subresource, wanted.Verb) switch
    {
        ("", "get") => Get(node, CoreKinds.Pod, wanted),
        ("", "list" or "watch") when wanted.Fields?.Required("spec.nodeName") == node => Decision.Allowed,
        ("", "list" or "watch") => wanted.Name.Length > 0 ? Related(node, CoreKinds.Pod, wanted) : No("can only list/watch pods with spec.nodeName field selector"),
        ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create") => Decision.Allowed,
        _ => Decision.None,
    };

    private static Decision No(string reason) => new(Verdict.NoOpinion, reason);
}
