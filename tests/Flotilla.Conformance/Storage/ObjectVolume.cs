using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Storage;

/// <summary>The four ways by which the data of a ConfigMap or a Secret becomes files.</summary>
public enum Source
{
    ConfigMap,
    Secret,
    ProjectedConfigMap,
    ProjectedSecret,
}

/// <summary>Manifests and objects for one <see cref="Source"/>.</summary>
internal static class ObjectVolume
{
    public static bool IsSecret(this Source source) => source is Source.Secret or Source.ProjectedSecret;

    /// <param name="mode">Octal digits as YAML reads them, e.g. 0400.</param>
    /// <param name="items">In flow style, e.g. <c>[{key: k, path: p}]</c>.</param>
    public static string Volume(this Source source, string name, string? mode = null, string? items = null, bool optional = false, string volume = "v")
    {
        var rest = $"{(items is null ? "" : $", items: {items}")}{(optional ? ", optional: true" : "")}";
        var defaultMode = mode is null ? "" : $", defaultMode: {mode}";
        return source switch
        {
            Source.ConfigMap => $"{{name: {volume}, configMap: {{name: {name}{rest}{defaultMode}}}}}",
            Source.Secret => $"{{name: {volume}, secret: {{secretName: {name}{rest}{defaultMode}}}}}",
            Source.ProjectedConfigMap => $"{{name: {volume}, projected: {{sources: [{{configMap: {{name: {name}{rest}}}}}]{defaultMode}}}}}",
            _ => $"{{name: {volume}, projected: {{sources: [{{secret: {{name: {name}{rest}}}}}]{defaultMode}}}}}",
        };
    }

    /// <summary>Makes the object, or replaces what it holds.</summary>
    public static async Task SetAsync(this Source source, Space space, string name, params (string Key, string Value)[] data)
    {
        var text = data.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        var metadata = new V1ObjectMeta { Name = name };
        if (source.IsSecret())
        {
            var secret = new V1Secret { Metadata = metadata, StringData = text };
            var known = await space.Client.CoreV1.ListNamespacedSecretAsync(space.Name, fieldSelector: $"metadata.name={name}");
            await (known.Items.Count == 0
                ? space.Client.CoreV1.CreateNamespacedSecretAsync(secret, space.Name)
                : space.Client.CoreV1.ReplaceNamespacedSecretAsync(secret, name, space.Name));
        }
        else
        {
            var map = new V1ConfigMap { Metadata = metadata, Data = text };
            var known = await space.Client.CoreV1.ListNamespacedConfigMapAsync(space.Name, fieldSelector: $"metadata.name={name}");
            await (known.Items.Count == 0
                ? space.Client.CoreV1.CreateNamespacedConfigMapAsync(map, space.Name)
                : space.Client.CoreV1.ReplaceNamespacedConfigMapAsync(map, name, space.Name));
        }
    }

    public static Task DeleteAsync(this Source source, Space space, string name) => source.IsSecret()
        ? space.Client.CoreV1.DeleteNamespacedSecretAsync(name, space.Name)
        : space.Client.CoreV1.DeleteNamespacedConfigMapAsync(name, space.Name);
}
