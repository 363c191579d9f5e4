using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Tasks;
using Flotilla.Docker;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Secrets;

/// <summary>What secrets and configs have in common: a Kubernetes object with one key, and Docker's spec beside it.</summary>
internal static partial class Payload
{
    private const string VersionedLabel = "flotilla.versioned";
    private const int LongestName = 64;

    public static string NameOf(IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.Annotations?.TryGetValue(SwarmApi.Name, out var name) == true ? name : value.Metadata.Name;

    public static IReadOnlyDictionary<string, string> LabelsOf(IKubernetesObject<V1ObjectMeta> value) => SpecOf(value).Object("Labels") is { } labels
        ? labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal)
        : new Dictionary<string, string>();

    public static JsonObject SpecOf(IKubernetesObject<V1ObjectMeta> value)
    {
        try
        {
            return value.Metadata.Annotations?.TryGetValue(SwarmApi.Spec, out var text) == true && JsonNode.Parse(text) is JsonObject spec ? spec : [];
        }
        catch (JsonException)
        {
            // Somebody else wrote it.
            return [];
        }
    }

    public static V1ObjectMeta MetadataFor(string noun, string ns, JsonObject spec) => new()
    {
        Name = ObjectNames.Subdomain(spec.String("Name")!),
        NamespaceProperty = ns,
        Labels = new Dictionary<string, string> { [SwarmApi.Managed] = noun },
        Annotations = AnnotationsFor(spec, null, null),
    };

    public static Dictionary<string, string> AnnotationsFor(JsonObject spec, IDictionary<string, string>? old, DateTime? updatedAt)
    {
        var kept = spec.Copy();
        kept.Remove("Data");
        var annotations = new Dictionary<string, string>(old ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [SwarmApi.Name] = spec.String("Name")!,
            [SwarmApi.Spec] = kept.ToJsonString(),
        };
        if (updatedAt is { } at)
        {
            annotations[SwarmApi.UpdatedAt] = at.ToString("O");
        }

        return annotations;
    }

    /// <exception cref="DockerException">The name or the data cannot be.</exception>
    public static byte[] Check(string noun, JsonObject spec, int longest)
    {
        if (spec.String("Name") is not { Length: > 0 and <= LongestName } name || !NameShape().IsMatch(name))
        {
            throw DockerException.Invalid("invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]");
        }

        var data = DataOf(spec);
        return data.Length > 0 && data.Length < longest ? data : throw DockerException.Invalid($"{noun} data must be larger than 0 and less than {longest} bytes");
    }

    public static byte[] DataOf(JsonObject spec)
    {
        try
        {
            return Convert.FromBase64String(spec.String("Data") ?? "");
        }
        catch (FormatException)
        {
            throw DockerException.BadRequest("invalid JSON: illegal base64 data in field Data");
        }
    }

    public static JsonObject Of(IKubernetesObject<V1ObjectMeta> value)
    {
        var spec = SpecOf(value);
        spec["Name"] = NameOf(value);
        spec["Labels"] ??= new JsonObject();
        return new JsonObject
        {
            ["ID"] = SwarmInformers.IdOf(value),
            ["Version"] = new JsonObject { ["Index"] = value.Version() },
            ["CreatedAt"] = value.Metadata.CreationTimestamp,
            ["UpdatedAt"] = value.Metadata.Annotations?.TryGetValue(SwarmApi.UpdatedAt, out var at) == true ? JsonValue.Create(at) : JsonValue.Create(value.Metadata.CreationTimestamp),
            ["Spec"] = spec,
        };
    }

    /// <summary>Names, prefixes of names and of ids are alternatives; labels must all match.</summary>
    public static bool Matches(IKubernetesObject<V1ObjectMeta> value, Filters filters)
    {
        var isNamed = !(filters.Has("names") || filters.Has("name") || filters.Has("id"))
            || (filters.Has("names") && filters.Is("names", NameOf(value)))
            || (filters.Has("name") && filters.Begins("name", NameOf(value)))
            || (filters.Has("id") && filters.Begins("id", SwarmInformers.IdOf(value)));
        return isNamed && filters.Labels("label", LabelsOf(value));
    }

    /// <summary>Whether other data may take the place of what is there, for all that use it.</summary>
    public static bool IsVersioned(JsonObject spec) => spec.Object("Labels").String(VersionedLabel) == "true";

    /// <summary>Only labels may change, and what is sent again must be what is there, unless a label says otherwise.</summary>
    /// <exception cref="DockerException">Something else would change.</exception>
    public static void CheckUpdate(IKubernetesObject<V1ObjectMeta> current, JsonObject spec, byte[]? data)
    {
        var sent = DataOf(spec);
        if (spec.String("Name") != NameOf(current) || (!IsVersioned(spec) && sent.Length > 0 && !sent.AsSpan().SequenceEqual(data)))
        {
            throw DockerException.Invalid("only updates to Labels are allowed");
        }
    }

    /// <exception cref="DockerException">A service uses it.</exception>
    public static void CheckUnused(string noun, string id, string name, SwarmInformers known)
    {
        var users = PayloadUsers.Of(known, id).Select(service => service.Name).ToList();
        if (users.Count > 0)
        {
            throw DockerException.Invalid($"{noun} '{name}' is in use by the following service{(users.Count > 1 ? "s" : "")}: {string.Join(", ", users)}");
        }
    }

    public static readonly string Key = DataKey.Name;

    [GeneratedRegex("^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$", RegexOptions.NonBacktracking)]
    private static partial Regex NameShape();
}
