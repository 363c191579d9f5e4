using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Status;
using k8s;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A container's environment: services first, then whole config maps and secrets, then single variables.</summary>
internal sealed class ContainerEnvironment(NodeOptions options, IObjectClient client, Informer<V1Service> services)
{
    private NodeCapacity Capacity => field ??= NodeCapacity.OfThisMachine(options);

    /// <exception cref="ContainerException">Something it is made of does not exist.</exception>
    public async Task<List<KeyValuePair<string, string>>> ForAsync(
        V1Pod pod, V1Container container, PodNetwork addresses, CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        var links = ServiceEnvironment.For(pod.Metadata.NamespaceProperty, services.List(), pod.Spec.EnableServiceLinks != false).ToList();
        var sources = new Sources(client, pod.Metadata.NamespaceProperty);
        foreach (var from in container.EnvFrom ?? [])
        {
            foreach (var (key, value) in await sources.AllAsync(from, cancellationToken))
            {
                result[(from.Prefix ?? "") + key] = value;
            }
        }
        var known = new Dictionary<string, string>(result, StringComparer.Ordinal);
        foreach (var (key, value) in links)
        {
            known.TryAdd(key, value);
        }
        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is null
                ? Expansion.Expand(variable.Value ?? "", known)
                : await ValueAsync(variable, pod, container, addresses, sources, cancellationToken);
            if (value is not null)
            {
                known[variable.Name] = result[variable.Name] = value;
            }
        }
        foreach (var (key, value) in links)
        {
            result.TryAdd(key, value);
        }
        return [.. result];
    }

    private async Task<string?> ValueAsync(
        V1EnvVar variable, V1Pod pod, V1Container container, PodNetwork addresses, Sources sources, CancellationToken cancellationToken)
    {
        var from = variable.ValueFrom;
        if (from.FieldRef is { } field)
        {
            return DownwardApi.Field(pod, field.FieldPath, addresses)
                ?? throw new ContainerException("CreateContainerConfigError", $"unsupported fieldPath: {field.FieldPath}");
        }
        if (from.ResourceFieldRef is { } resource)
        {
            return DownwardApi.Resource(pod, container, resource, Capacity)
                ?? throw new ContainerException("CreateContainerConfigError", $"unsupported container resource: {resource.Resource}");
        }
        return from.ConfigMapKeyRef is { } map ? await sources.ConfigMapKeyAsync(map, cancellationToken)
            : from.SecretKeyRef is { } secret ? await sources.SecretKeyAsync(secret, cancellationToken)
            : null;
    }

    // Each object is read once for all of a container's variables.
    private sealed class Sources(IObjectClient client, string podNamespace)
    {
        private readonly Dictionary<string, V1ConfigMap?> maps = new(StringComparer.Ordinal);
        private readonly Dictionary<string, V1Secret?> secrets = new(StringComparer.Ordinal);

        public async Task<IEnumerable<KeyValuePair<string, string>>> AllAsync(V1EnvFromSource from, CancellationToken cancellationToken)
        {
            if (from.ConfigMapRef is { } map)
            {
                return (await GetAsync(maps, map.Name, map.Optional == true, "configmap", cancellationToken))?.Data ?? new Dictionary<string, string>();
            }
            if (from.SecretRef is { } secret)
            {
                var found = await GetAsync(secrets, secret.Name, secret.Optional == true, "secret", cancellationToken);
                return (found?.Data ?? new Dictionary<string, byte[]>()).Select(entry => KeyValuePair.Create(entry.Key, Encoding.UTF8.GetString(entry.Value)));
            }
            return [];
        }

        public async Task<string?> ConfigMapKeyAsync(V1ConfigMapKeySelector selector, CancellationToken cancellationToken)
        {
            var optional = selector.Optional == true;
            var map = await GetAsync(maps, selector.Name, optional, "configmap", cancellationToken);
            return map?.Data is { } data && data.TryGetValue(selector.Key, out var value)
                ? value
                : Missing(optional, $"couldn't find key {selector.Key} in ConfigMap {podNamespace}/{selector.Name}");
        }

        public async Task<string?> SecretKeyAsync(V1SecretKeySelector selector, CancellationToken cancellationToken)
        {
            var optional = selector.Optional == true;
            var secret = await GetAsync(secrets, selector.Name, optional, "secret", cancellationToken);
            return secret?.Data is { } data && data.TryGetValue(selector.Key, out var value)
                ? Encoding.UTF8.GetString(value)
                : Missing(optional, $"couldn't find key {selector.Key} in Secret {podNamespace}/{selector.Name}");
        }

        private async Task<T?> GetAsync<T>(Dictionary<string, T?> cache, string name, bool optional, string kind, CancellationToken cancellationToken)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            if (!cache.TryGetValue(name, out var value))
            {
                try
                {
                    value = await client.GetAsync<T>(new ObjectKey(podNamespace, name), cancellationToken);
                }
                catch (ApiException missing) when (missing.IsNotFound)
                {
                    value = null;
                }
                cache.Add(name, value);
            }
            if (value is null && !optional)
            {
                throw new ContainerException("CreateContainerConfigError", $"{kind} \"{name}\" not found");
            }
            return value;
        }

        private static string? Missing(bool optional, string message) =>
            optional ? null : throw new ContainerException("CreateContainerConfigError", message);
    }
}
