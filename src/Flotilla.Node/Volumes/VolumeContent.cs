using System.Text;
using Flotilla.Api;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>The files of volumes that come from API objects: configMap, secret, downwardAPI, and projected, which joins them.</summary>
internal sealed class VolumeContent(ObjectSources objects, ServiceAccountTokens tokens, NodeCapacity capacity)
{
    private const int DefaultMode = 0b110_100_100;
    private const int OwnerOnly = 0b110_000_000;

    public async Task<IReadOnlyCollection<VolumeFile>> ForAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken) =>
        FileOwners.Give(pod, volume.Name, await FilesAsync(pod, volume, cancellationToken));

    private async Task<IReadOnlyCollection<VolumeFile>> FilesAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        if (volume.ConfigMap is { } configMap)
        {
            var mode = configMap.DefaultMode ?? DefaultMode;
            return await ConfigMapAsync(pod, configMap.Name, configMap.Items, configMap.Optional == true, mode, cancellationToken);
        }
        if (volume.Secret is { } secret)
        {
            var mode = secret.DefaultMode ?? DefaultMode;
            return await SecretAsync(pod, secret.SecretName, secret.Items, secret.Optional == true, mode, cancellationToken);
        }
        if (volume.DownwardAPI is { } downward)
        {
            return Downward(pod, downward.Items, downward.DefaultMode ?? DefaultMode);
        }
        return await ProjectedAsync(pod, volume.Projected, cancellationToken);
    }

    // A later source wins where two write the same path.
    private async Task<IReadOnlyCollection<VolumeFile>> ProjectedAsync(V1Pod pod, V1ProjectedVolumeSource projected, CancellationToken cancellationToken)
    {
        var mode = projected.DefaultMode ?? DefaultMode;
        var files = new Dictionary<string, VolumeFile>(StringComparer.Ordinal);
        foreach (var source in projected.Sources ?? [])
        {
            foreach (var file in await SourceAsync(pod, source, mode, cancellationToken))
            {
                files[file.Path] = file;
            }
        }
        return files.Values;
    }

    private async Task<IReadOnlyCollection<VolumeFile>> SourceAsync(V1Pod pod, V1VolumeProjection source, int mode, CancellationToken cancellationToken)
    {
        if (source.ConfigMap is { } configMap)
        {
            return await ConfigMapAsync(pod, configMap.Name, configMap.Items, configMap.Optional == true, mode, cancellationToken);
        }
        if (source.Secret is { } secret)
        {
            return await SecretAsync(pod, secret.Name, secret.Items, secret.Optional == true, mode, cancellationToken);
        }
        if (source.DownwardAPI is { } downward)
        {
            return Downward(pod, downward.Items, mode);
        }
        if (source.ServiceAccountToken is { } token)
        {
            // The token is for the pod's user alone where that is known.
            var user = OnlyUser(pod);
            var tokenMode = pod.Spec.SecurityContext?.FsGroup is not null || user is not null ? OwnerOnly : mode;
            var text = await tokens.GetAsync(pod, token, cancellationToken);
            return [new VolumeFile(token.Path, text, (UnixFileMode)tokenMode, user)];
        }
        throw new VolumeException("the projected volume has a source that this node does not know");
    }

    private async Task<IReadOnlyCollection<VolumeFile>> ConfigMapAsync(
        V1Pod pod, string name, IList<V1KeyToPath>? items, bool optional, int mode, CancellationToken cancellationToken)
    {
        var found = await objects.GetAsync<V1ConfigMap>(pod.Metadata.Uid, new ObjectKey(pod.Metadata.NamespaceProperty, name), cancellationToken);
        if (found is null && !optional)
        {
            throw new VolumeException($"configmap \"{name}\" not found");
        }
        var data = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (key, value) in found?.Data ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            data[key] = Encoding.UTF8.GetBytes(value);
        }
        foreach (var (key, value) in found?.BinaryData ?? new Dictionary<string, byte[]>(StringComparer.Ordinal))
        {
            data[key] = value;
        }
        return Select(data, items, optional, mode, "configmap references non-existent config key: ");
    }

    private async Task<IReadOnlyCollection<VolumeFile>> SecretAsync(
        V1Pod pod, string name, IList<V1KeyToPath>? items, bool optional, int mode, CancellationToken cancellationToken)
    {
        var found = await objects.GetAsync<V1Secret>(pod.Metadata.Uid, new ObjectKey(pod.Metadata.NamespaceProperty, name), cancellationToken);
        if (found is null && !optional)
        {
            throw new VolumeException($"secret \"{name}\" not found");
        }
        var data = found?.Data ?? new Dictionary<string, byte[]>(StringComparer.Ordinal);
        return Select(data, items, optional, mode, "references non-existent secret key: ");
    }

    private static List<VolumeFile> Select(
        IDictionary<string, byte[]> data, IList<V1KeyToPath>? items, bool optional, int mode, string missing)
    {
        if (items is not { Count: > 0 })
        {
            return [.. data.Select(pair => new VolumeFile(pair.Key, pair.Value, (UnixFileMode)mode))];
        }
        var files = new List<VolumeFile>();
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var content))
            {
                files.Add(new VolumeFile(item.Path, content, (UnixFileMode)(item.Mode ?? mode)));
            }
            else if (!optional)
            {
                throw new VolumeException(missing + item.Key);
            }
        }
        return files;
    }

    private List<VolumeFile> Downward(V1Pod pod, IList<V1DownwardAPIVolumeFile>? items, int mode) =>
        [.. (items ?? []).Select(item => new VolumeFile(
            item.Path,
            Encoding.UTF8.GetBytes(Downward(pod, item)),
            (UnixFileMode)(item.Mode ?? mode)))];

    private string Downward(V1Pod pod, V1DownwardAPIVolumeFile item) => item.FieldRef is { } field
        ? DownwardApi.Field(pod, field.FieldPath) ?? throw new VolumeException($"unsupported fieldPath: {field.FieldPath}")
        : DownwardApi.Resource(pod, null, item.ResourceFieldRef, capacity)
            ?? throw new VolumeException($"unsupported container resource: {item.ResourceFieldRef.Resource} of {item.ResourceFieldRef.ContainerName}");

    private static long? OnlyUser(V1Pod pod)
    {
        var users = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
            .Select(container => container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser)
            .Distinct()
            .ToList();
        return users is [{ } only] ? only : null;
    }
}
