using System.Reflection;
using k8s.Models;

namespace Flotilla.Api;

/// <summary>The REST identity of a resource: <c>/apis/{Group}/{Version}/.../{Plural}</c>, or <c>/api/v1</c> for the core group "".</summary>
public sealed record ResourceType(string Group, string Version, string Plural, string Kind)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The identity that the typed model <typeparamref name="T"/> declares.</summary>
    public static ResourceType Of<T>() => Cache<T>.Value;

    /// <summary>The identity that a typed model declares.</summary>
    public static ResourceType Of(Type model)
    {
        var entity = model.GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new ArgumentException($"{model.Name} is not a Kubernetes kind.");

        // The models of claims to devices leave their plural out.
        var plural = string.IsNullOrEmpty(entity.PluralName) ? entity.Kind.ToLowerInvariant() + "s" : entity.PluralName;
        return new ResourceType(entity.Group, entity.ApiVersion, plural, entity.Kind);
    }

    private static class Cache<T>
    {
        public static readonly ResourceType Value = Of(typeof(T));
    }
}
