using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers;

/// <summary>Who controls what.</summary>
internal static class Owners
{
    /// <summary>Index of objects by the uid of their controller.</summary>
    public const string ByController = "controller";

    /// <summary>Index of objects without a controller, by namespace.</summary>
    public const string Orphans = "orphans";

    public static V1OwnerReference? Controller(this IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    public static bool IsControlledBy(this IKubernetesObject<V1ObjectMeta> value, IKubernetesObject<V1ObjectMeta> owner) =>
        value.Controller()?.Uid == owner.Metadata.Uid;

    public static bool IsDeleting(this IKubernetesObject<V1ObjectMeta> value) => value.Metadata.DeletionTimestamp is not null;

    public static V1OwnerReference ReferenceTo<T>(T owner)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        return new V1OwnerReference
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };
    }

    public static void AddOwnerIndexes<T>(this Informer<T> informer)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        informer.AddIndex(ByController, value => value.Controller() is { } owner ? [owner.Uid] : []);
        informer.AddIndex(Orphans, value => value.Controller() is null ? [value.Metadata.NamespaceProperty ?? ""] : []);
    }

    public static IReadOnlyList<T> ControlledBy<T>(this Informer<T> informer, IKubernetesObject<V1ObjectMeta> owner)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        informer.ByIndex(ByController, owner.Metadata.Uid);

    /// <summary>The controller of <paramref name="value"/>, if it is a <typeparamref name="TOwner"/> that still exists.</summary>
    public static TOwner? ControllerIn<TOwner>(this IKubernetesObject<V1ObjectMeta> value, Informer<TOwner> owners)
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        if (value.Controller() is not { } reference || reference.Kind != ResourceType.Of<TOwner>().Kind)
        {
            return null;
        }

        var owner = owners.Get(new ObjectKey(value.Metadata.NamespaceProperty, reference.Name));
        return owner?.Metadata.Uid == reference.Uid ? owner : null;
    }
}
