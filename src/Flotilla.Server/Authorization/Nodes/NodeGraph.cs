using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorization.Nodes;

/// <summary>
/// Which objects concern which node: its pods, what they mount and read, and what stands behind that. Pods are looked
/// into once, when they are bound; most later changes are of their status.
/// </summary>
public sealed class NodeGraph(IStore store, ILogger<NodeGraph> logger)
    : StoreFollower(store, [CoreKinds.Pod.StoragePrefix, CoreKinds.PersistentVolume.StoragePrefix, CoreKinds.PersistentVolumeClaim.StoragePrefix, StorageKinds.VolumeAttachment.StoragePrefix, NetworkingKinds.Ingress.StoragePrefix, IngressNeeds.GatewayPrefix], logger)
{
    private readonly Dictionary<string, (string Node, IReadOnlyList<string> Needs)> pods = new(StringComparer.Ordinal);

    // How many pods of a node need an object: (node, object's storage key).
    private readonly ConcurrentDictionary<(string Node, string Key), int> needed = new();
    private readonly ConcurrentDictionary<string, ClaimedVolume> volumes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> volumeOfClaim = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> nodeOfAttachment = new(StringComparer.Ordinal);

    // What every node needs, because every node serves every Ingress: by Ingress, and how many of them need a Secret.
    private readonly Dictionary<string, IReadOnlyList<string>> ingresses = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> served = new(StringComparer.Ordinal);

    /// <summary>Whether the object under a storage key concerns the node.</summary>
    public bool Concerns(string node, string key)
    {
        if (needed.ContainsKey((node, key)) || served.ContainsKey(key) || (nodeOfAttachment.TryGetValue(key, out var attached) && attached == node))
        {
            return true;
        }

        // Volumes and their secrets are reached through the claims of the node's pods.
        return key.StartsWith(CoreKinds.PersistentVolume.StoragePrefix, StringComparison.Ordinal)
            ? volumes.TryGetValue(key, out var volume) && IsUsed(node, key, volume)
            : key.StartsWith(CoreKinds.Secret.StoragePrefix, StringComparison.Ordinal) && volumes.Any(pair => pair.Value.Secrets.Contains(key) && IsUsed(node, pair.Key, pair.Value));
    }

    protected override void Reset(IReadOnlyList<StoredEntry> entries)
    {
        pods.Clear();
        needed.Clear();
        volumes.Clear();
        volumeOfClaim.Clear();
        nodeOfAttachment.Clear();
        ingresses.Clear();
        served.Clear();
        foreach (var entry in entries)
        {
            Apply(entry.Key, entry.Value);
        }
    }

    protected override void Apply(string key, ReadOnlyMemory<byte>? value)
    {
        if (key.StartsWith(CoreKinds.Pod.StoragePrefix, StringComparison.Ordinal))
        {
            ApplyPod(key, value);
            return;
        }

        var decoded = value is { } bytes ? (JsonObject)GoJson.Parse(bytes.Span)! : null;
        if (key.StartsWith(CoreKinds.PersistentVolume.StoragePrefix, StringComparison.Ordinal))
        {
            Set(volumes, key, decoded is null ? null : ClaimedVolume.FromJson(decoded));
        }
        else if (key.StartsWith(CoreKinds.PersistentVolumeClaim.StoragePrefix, StringComparison.Ordinal))
        {
            Set(volumeOfClaim, key, decoded.Object("spec").String("volumeName"));
        }
        else if (key.StartsWith(NetworkingKinds.Ingress.StoragePrefix, StringComparison.Ordinal) || key.StartsWith(IngressNeeds.GatewayPrefix, StringComparison.Ordinal))
        {
            ApplyIngress(key, decoded);
        }
        else
        {
            Set(nodeOfAttachment, key, decoded.Object("spec").String("nodeName"));
        }
    }

    private void ApplyIngress(string key, JsonObject? value)
    {
        IReadOnlyList<string> needs = value is null ? [] : [.. IngressNeeds.Of(value)];
        foreach (var need in needs)
        {
            served.AddOrUpdate(need, 1, (_, count) => count + 1);
        }

        ingresses.Remove(key, out var before);
        foreach (var need in before ?? [])
        {
            if (served.AddOrUpdate(need, 0, (_, count) => count - 1) <= 0)
            {
                served.TryRemove(need, out _);
            }
        }

        if (needs.Count > 0)
        {
            ingresses[key] = needs;
        }
    }

    private void ApplyPod(string key, ReadOnlyMemory<byte>? value)
    {
        var known = pods.ContainsKey(key);
        if (value is not { } bytes)
        {
            Forget(key);
            return;
        }

        // After binding only ephemeral containers add references.
        if (known && bytes.Span.IndexOf("\"ephemeralContainers\":"u8) < 0)
        {
            return;
        }

        var pod = (JsonObject)GoJson.Parse(bytes.Span)!;
        if (pod.Object("spec").String("nodeName") is not { Length: > 0 } node)
        {
            return;
        }

        Forget(key);
        IReadOnlyList<string> needs = [key, .. PodNeeds.Of(pod).Distinct(StringComparer.Ordinal)];
        pods[key] = (node, needs);
        foreach (var need in needs)
        {
            needed.AddOrUpdate((node, need), 1, (_, count) => count + 1);
        }
    }

    private void Forget(string key)
    {
        if (!pods.Remove(key, out var pod))
        {
            return;
        }

        foreach (var need in pod.Needs)
        {
            if (needed.AddOrUpdate((pod.Node, need), 0, (_, count) => count - 1) <= 0)
            {
                needed.TryRemove((pod.Node, need), out _);
            }
        }
    }

    private bool IsUsed(string node, string key, ClaimedVolume volume) =>
        volume.ClaimKey is { } claim
        && volumeOfClaim.TryGetValue(claim, out var name)
        && CoreKinds.PersistentVolume.StoragePrefix + name == key
        && needed.ContainsKey((node, claim));

    private static void Set<T>(ConcurrentDictionary<string, T> map, string key, T? value)
        where T : class
    {
        if (value is null)
        {
            map.TryRemove(key, out _);
        }
        else
        {
            map[key] = value;
        }
    }
}
