using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Controllers.Deployments;
using k8s.Models;

namespace Flotilla.Controllers.TemplateHistory;

/// <summary>How the revisions of one kind of owner get their names; upstream's two kinds hash differently.</summary>
/// <param name="Label">Carries the hash on each revision.</param>
/// <param name="MaxOwnerLength">Of the owner's name in a revision's, in characters; beyond that it is cut.</param>
internal sealed record RevisionNaming(string Label, int MaxOwnerLength, Func<V1PodTemplateSpec, JsonObject, int?, string> Hash)
{
    public static readonly RevisionNaming OfDaemonSets = new(
        TemplateRevisions.HashLabel, int.MaxValue, (template, _, collisions) => TemplateHash.Compute(template, collisions));

    /// <summary>FNV-1 of the data as stored, then the number of collisions in digits, even if zero.</summary>
    public static readonly RevisionNaming OfStatefulSets = new(
        "controller.kubernetes.io/hash", 223, (_, data, collisions) => Fnv.Spell(Fnv.Hash1(
            Fnv.Start, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{GoJsonText.Sorted(data)}{collisions ?? 0}")))));

    public string NameOf(string owner, string hash) => $"{(owner.Length > MaxOwnerLength ? owner[..MaxOwnerLength] : owner)}-{hash}";

    /// <summary>The hash of a stored revision; one without the label stands for itself.</summary>
    public string HashOf(V1ControllerRevision revision) =>
        revision.Metadata.Labels is { } labels && labels.TryGetValue(Label, out var hash) ? hash : revision.Metadata.Name;
}
