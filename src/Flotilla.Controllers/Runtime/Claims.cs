using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers;

/// <summary>Which of the objects in reach an owner has, should adopt, and should let go, as its selector says.</summary>
internal sealed record Claims<T>(IReadOnlyList<T> Keep, IReadOnlyList<T> Adopt, IReadOnlyList<T> Release)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public static Claims<T> For(
        IKubernetesObject<V1ObjectMeta> owner, V1LabelSelector selector, IEnumerable<T> controlled, IEnumerable<T> orphans)
    {
        var (keep, release) = (new List<T>(), new List<T>());
        foreach (var value in controlled)
        {
            (selector.Matches(value.Metadata.Labels) ? keep : release).Add(value);
        }

        if (owner.IsDeleting())
        {
            // Neither adopts nor lets go: the garbage collector decides about what it had.
            return new Claims<T>(keep, [], []);
        }

        var adopt = orphans.Where(value => !value.IsDeleting() && selector.Matches(value.Metadata.Labels)).ToList();
        return new Claims<T>(keep, adopt, [.. release.Where(value => !value.IsDeleting())]);
    }
}

internal static class Claims
{
    /// <summary>Adopts and releases; returns everything that is the owner's afterwards.</summary>
    /// <param name="finalizer">What an adopted object gets and a released one loses; null: nothing.</param>
    public static async Task<List<T>> ApplyAsync<T, TOwner>(
        this Claims<T> claims, IObjectClient client, TOwner owner, CancellationToken cancellationToken, string? finalizer = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        foreach (var released in claims.Release)
        {
            await ReleaseAsync(client, released, owner, finalizer, cancellationToken);
        }

        var owned = new List<T>(claims.Keep);
        if (claims.Adopt.Count > 0 && await MayAdoptAsync(client, owner, cancellationToken))
        {
            foreach (var orphan in claims.Adopt)
            {
                if (await AdoptAsync(client, orphan, owner, finalizer, cancellationToken) is { } adopted)
                {
                    owned.Add(adopted);
                }
            }
        }

        return owned;
    }

    /// <summary>The cache may not know yet that the owner is going; what it adopted now would go with it.</summary>
    private static async Task<bool> MayAdoptAsync<TOwner>(IObjectClient client, TOwner owner, CancellationToken cancellationToken)
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            var fresh = await client.GetAsync<TOwner>(owner.Key(), cancellationToken);
            return fresh.Metadata.Uid == owner.Metadata.Uid && !fresh.IsDeleting();
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return false;
        }
    }

    private static async Task<T?> AdoptAsync<T, TOwner>(
        IObjectClient client, T orphan, TOwner owner, string? finalizer, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        var metadata = new Dictionary<string, object> { ["uid"] = orphan.Metadata.Uid, ["ownerReferences"] = new[] { Owners.ReferenceTo(owner) } };
        if (finalizer is not null)
        {
            metadata["finalizers"] = new[] { finalizer };
        }

        return await PatchAsync(client, orphan, metadata, cancellationToken);
    }

    private static async Task ReleaseAsync<T, TOwner>(
        IObjectClient client, T released, TOwner owner, string? finalizer, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        var removal = new Dictionary<string, string> { ["$patch"] = "delete", ["uid"] = owner.Metadata.Uid };
        var metadata = new Dictionary<string, object> { ["uid"] = released.Metadata.Uid, ["ownerReferences"] = new[] { removal } };
        if (finalizer is not null)
        {
            metadata["$deleteFromPrimitiveList/finalizers"] = new[] { finalizer };
        }

        await PatchAsync(client, released, metadata, cancellationToken);
    }

    /// <summary>null: the object is gone, or is another one of the same name.</summary>
    private static async Task<T?> PatchAsync<T>(IObjectClient client, T value, Dictionary<string, object> metadata, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new { metadata }, ObjectJson.Options);
            return await client.PatchAsync<T>(value.Key(), new Patch(PatchKind.StrategicMerge, body), null, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409 or 422)
        {
            return null;
        }
    }
}
