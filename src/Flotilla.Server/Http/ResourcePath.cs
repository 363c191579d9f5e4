using Flotilla.Api;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Http;

/// <summary>A path below <c>/api/v1</c> or <c>/apis/GROUP/VERSION</c>, taken apart.</summary>
/// <param name="Name">null: the collection.</param>
/// <param name="Rest">What follows the subresource, e.g. the path behind a proxy.</param>
public sealed record ResourcePath(Kind Kind, string? Namespace, string? Name, string? Subresource, string Rest)
{
    /// <summary>The old form of a watch, <c>/api/v1/watch/...</c>: the path says it, not the query.</summary>
    public bool IsWatch { get; init; }

    public ObjectKey Key => new(Kind.IsNamespaced ? Namespace : null, Name ?? "");

    /// <summary>Null when the path names no resource the server knows.</summary>
    public static ResourcePath? Parse(string path, KindRegistry kinds)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        int at;
        string group, version;
        if (parts.Length >= 3 && parts[0] == "api")
        {
            (group, version, at) = ("", parts[1], 2);
        }
        else if (parts.Length >= 4 && parts[0] == "apis")
        {
            (group, version, at) = (parts[1], parts[2], 3);
        }
        else
        {
            return null;
        }

        var isWatch = parts[at] == "watch" && parts.Length > at + 1;
        at += isWatch ? 1 : 0;

        // /namespaces/NS/RESOURCE is inside the namespace; /namespaces/NS and its subresources are the namespace itself.
        string? space = null;
        if (parts[at] == "namespaces" && parts.Length > at + 2 && !(group.Length == 0 && parts.Length == at + 3 && parts[at + 2] is "status" or "finalize" && group.Length == 0))
        {
            space = parts[at + 1];
            at += 2;
        }

        if (kinds.Find(group, version, parts[at]) is not { } kind || (space is not null && !kind.IsNamespaced))
        {
            return null;
        }

        var name = parts.Length > at + 1 ? parts[at + 1] : null;
        if (name is not null && kind.IsNamespaced && space is null)
        {
            return null;
        }

        return new ResourcePath(kind, space, name, parts.Length > at + 2 ? parts[at + 2] : null, string.Join('/', parts.Skip(at + 3))) { IsWatch = isWatch };
    }
}
