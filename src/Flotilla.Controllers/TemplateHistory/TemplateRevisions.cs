using System.Text.Json.Nodes;
using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers.TemplateHistory;

/// <summary>
/// The pod templates that a DaemonSet or StatefulSet has had, as ControllerRevisions. The newest is the one to
/// roll out; an old template that comes back becomes the newest again.
/// </summary>
internal static class TemplateRevisions
{
    /// <summary>On pods: the revision they are of. On the revisions of DaemonSets: their hash.</summary>
    public const string HashLabel = "controller-revision-hash";

    public static V1ControllerRevision? Find(IEnumerable<V1ControllerRevision> revisions, V1PodTemplateSpec template)
    {
        var wanted = DataOf(template);
        return revisions.OrderByDescending(revision => revision.Revision).FirstOrDefault(revision => JsonNode.DeepEquals(Node(revision.Data), wanted));
    }

    public static V1ControllerRevision New<TOwner>(TOwner owner, V1PodTemplateSpec template, long number, int? collisions, RevisionNaming naming)
        where TOwner : IKubernetesObject<V1ObjectMeta>
    {
        var data = DataOf(template);
        var hash = naming.Hash(template, data, collisions);
        return new V1ControllerRevision
        {
            ApiVersion = "apps/v1",
            Kind = "ControllerRevision",
            Metadata = new V1ObjectMeta
            {
                Name = naming.NameOf(owner.Metadata.Name, hash),
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(template.Metadata?.Labels ?? new Dictionary<string, string>()) { [naming.Label] = hash },
                Annotations = owner.Metadata.Annotations,
                OwnerReferences = [Owners.ReferenceTo(owner)],
            },
            Data = data,
            Revision = number,
        };
    }

    public static V1PodTemplateSpec TemplateOf(V1ControllerRevision revision)
    {
        var template = Node(revision.Data)!["spec"]!["template"]!.DeepClone().AsObject();
        template.Remove("$patch");
        return ObjectJson.Decode<V1PodTemplateSpec>(ObjectJson.Encode(template));
    }

    /// <summary>Revisions that nothing needs any more, beyond the number to keep.</summary>
    public static IReadOnlyList<V1ControllerRevision> Surplus(
        IEnumerable<V1ControllerRevision> revisions, int limit, Func<V1ControllerRevision, bool> isInUse)
    {
        var unused = revisions.Where(revision => !isInUse(revision)).OrderBy(revision => revision.Revision).ToList();
        return [.. unused.Take(Math.Max(0, unused.Count - limit))];
    }

    /// <summary>A strategic merge patch that brings the template back, which is how kubectl undoes a rollout.</summary>
    private static JsonObject DataOf(V1PodTemplateSpec template)
    {
        var node = JsonNode.Parse(ObjectJson.Encode(template))!.AsObject();
        node["$patch"] = "replace";
        return new JsonObject { ["spec"] = new JsonObject { ["template"] = node } };
    }

    private static JsonNode? Node(object? data) => data as JsonNode ?? JsonNode.Parse(ObjectJson.Encode(data));
}
