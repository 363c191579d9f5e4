using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>Tells pod templates apart, whatever the order of their fields.</summary>
internal static class TemplateHash
{
    public const string Label = "pod-template-hash";

    // No vowels, so that no hash spells a word.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <param name="collisions">Tried before, and taken by a set with another template.</param>
    public static string Compute(V1PodTemplateSpec template, int? collisions)
    {
        var canonical = new StringBuilder();
        Write(canonical, Node(template));
        canonical.Append(collisions);
        var hash = 2166136261u;
        foreach (var value in Encoding.UTF8.GetBytes(canonical.ToString()))
        {
            hash = (hash ^ value) * 16777619u;
        }

        return string.Concat(hash.ToString(CultureInfo.InvariantCulture).Select(digit => Alphabet[digit % Alphabet.Length]));
    }

    /// <summary>Whether two templates make the same pods, not counting the hash label itself.</summary>
    public static bool AreSame(V1PodTemplateSpec? left, V1PodTemplateSpec? right) => JsonNode.DeepEquals(Node(left), Node(right));

    private static JsonNode? Node(V1PodTemplateSpec? template)
    {
        if (template is null)
        {
            return null;
        }

        var node = JsonNode.Parse(ObjectJson.Encode(template))!.AsObject();
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

    private static void Write(StringBuilder text, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject fields:
                text.Append('{');
                foreach (var (name, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
                {
                    text.Append(name).Append(':');
                    Write(text, value);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case JsonArray items:
                text.Append('[');
                foreach (var item in items)
                {
                    Write(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }
}
