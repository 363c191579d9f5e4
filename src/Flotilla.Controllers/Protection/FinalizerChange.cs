using k8s.Models;

namespace Flotilla.Controllers.Protection;

internal enum Protection
{
    Keep,
    Add,
    Remove,
}

/// <summary>Whether a finalizer that keeps a thing in use from vanishing belongs on it.</summary>
internal static class FinalizerChange
{
    public static Protection For(V1ObjectMeta metadata, string finalizer, bool inUse)
    {
        var present = metadata.Finalizers?.Contains(finalizer) == true;
        return metadata.DeletionTimestamp is null ? (present ? Protection.Keep : Protection.Add) : present && !inUse ? Protection.Remove : Protection.Keep;
    }

    public static V1ObjectMeta Apply(V1ObjectMeta metadata, string finalizer, Protection change)
    {
        var others = (metadata.Finalizers ?? []).Where(name => name != finalizer);
        return metadata with { Finalizers = [.. change == Protection.Add ? others.Append(finalizer) : others] };
    }
}
