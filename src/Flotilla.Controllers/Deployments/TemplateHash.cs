using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.GoTypes;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>
/// Names pod templates. The hash is upstream's own, digit for digit: tools compute it too, and a Deployment that moves
/// between clusters keeps the names of its sets.
/// </summary>
internal static class TemplateHash
{
    public const string Label = "pod-template-hash";

    /// <summary>FNV-1a of the dumped template.</summary>
    /// <param name="collisions">Tried before, and taken by a set with another template.</param>
    public static string Compute(V1PodTemplateSpec template, int? collisions)
    {
        var hash = Fnv.Hash1a(Fnv.Start, Encoding.UTF8.GetBytes(GoDump.PodTemplate(Encode(template))));
        if (collisions is { } count)
        {
            Span<byte> counted = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(counted, (uint)count);
            hash = Fnv.Hash1a(hash, counted);
        }

        return Fnv.Spell(hash);
    }

    /// <summary>Whether two templates make the same pods, not counting the hash label itself.</summary>
    public static bool AreSame(V1PodTemplateSpec? left, V1PodTemplateSpec? right) => JsonNode.DeepEquals(Node(left), Node(right));

    private static JsonNode? Node(V1PodTemplateSpec? template)
    {
        if (template is null)
        {
            return null;
        }

        var node = Encode(template);
        if (node["metadata"] is JsonObject metadata)
        {
            metadata.Remove("creationTimestamp");
            if (metadata["labels"] is JsonObject labels)
            {
                labels.Remove(Label);
            }
        }

        return node;
    }

    private static JsonObject Encode(V1PodTemplateSpec template) => JsonNode.Parse(ObjectJson.Encode(template))!.AsObject();
}
