using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>Which Ingresses are ours.</summary>
internal static class IngressClasses
{
    private const string OldAnnotation = "kubernetes.io/ingress.class";

    /// <summary>Those of a class that names our controller, by field or, as before there were classes, by annotation.</summary>
    public static IReadOnlyList<V1Ingress> Ours(IEnumerable<V1Ingress> ingresses, IEnumerable<V1IngressClass> classes)
    {
        var names = classes.Where(one => one.Spec?.Controller == IngressOptions.Controller).Select(one => one.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. ingresses
                .Where(ingress => ingress.Metadata.DeletionTimestamp is null && ClassOf(ingress) is { } name && names.Contains(name))
                .OrderBy(ingress => ingress.Metadata.CreationTimestamp)
                .ThenBy(ingress => ingress.Metadata.NamespaceProperty, StringComparer.Ordinal)
                .ThenBy(ingress => ingress.Metadata.Name, StringComparer.Ordinal),
        ];
    }

    private static string? ClassOf(V1Ingress ingress) =>
        ingress.Spec?.IngressClassName ?? (ingress.Metadata.Annotations?.TryGetValue(OldAnnotation, out var name) == true ? name : null);
}
