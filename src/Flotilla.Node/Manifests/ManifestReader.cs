using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Node.Pods;
using k8s;
using k8s.Models;

namespace Flotilla.Node.Manifests;

/// <summary>A file that describes a pod, in YAML or JSON, as the pod which this node runs. Pure.</summary>
internal static class ManifestReader
{
    /// <exception cref="FormatException">The text describes no pod that could run here.</exception>
    public static V1Pod Read(string text, string path, string node, DateTimeOffset now)
    {
        try
        {
            var pod = Defaulted(KubernetesYaml.Deserialize<V1Pod>(text));
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"host:{node}\nfile:{path}\n{text}")))[..32];
            return pod with { Metadata = MetadataOf(pod, hash, node, now), Spec = SpecOf(pod, node), Status = null };
        }
        catch (Exception fault) when (fault is not FormatException)
        {
            throw new FormatException($"{path}: {fault.Message}", fault);
        }
    }

    private static V1Pod Defaulted(V1Pod? pod)
    {
        if (pod?.Spec?.Containers is not { Count: > 0 } || string.IsNullOrEmpty(pod.Metadata?.Name) || pod.Kind is not (null or "" or "Pod"))
        {
            throw new FormatException("it describes no pod with a name and containers");
        }
        var item = (JsonObject)GoJson.Parse(ObjectJson.Encode(pod))!;
        CoreKinds.Pod.Default?.Invoke(item);
        return ObjectJson.Decode<V1Pod>(Encoding.UTF8.GetBytes(item.ToJsonString()));
    }

    private static V1ObjectMeta MetadataOf(V1Pod pod, string hash, string node, DateTimeOffset now) => pod.Metadata with
    {
        Name = $"{pod.Metadata.Name}-{node}",
        NamespaceProperty = string.IsNullOrEmpty(pod.Metadata.NamespaceProperty) ? "default" : pod.Metadata.NamespaceProperty,
        Uid = hash,
        Generation = 1,
        Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
        {
            [StaticPods.Hash] = hash,
            [StaticPods.Seen] = now.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture),
            [StaticPods.Source] = "file",
        },
    };

    // Nothing that is wrong with the node drives it away.
    private static V1PodSpec SpecOf(V1Pod pod, string node) => pod.Spec with
    {
        NodeName = node,
        Tolerations = [.. pod.Spec.Tolerations ?? [], new V1Toleration { OperatorProperty = "Exists", Effect = "NoExecute" }],
    };
}
