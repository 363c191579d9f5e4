using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Admission.Matching;

/// <summary>The versions in which one stored object can be read, and the way from one to another.</summary>
public sealed class EquivalentKinds(KindRegistry kinds)
{
    /// <summary>The other kinds that show the same stored objects.</summary>
    public IEnumerable<Kind> Of(Kind kind) => kinds.All.Where(other => other != kind && Root(other) == Root(kind));

    public static JsonObject Convert(JsonObject value, Kind from, Kind to)
    {
        var copy = value.Copy();
        if (from == to)
        {
            return copy;
        }

        from.ToStored?.Invoke(copy);
        to.FromStored?.Invoke(copy);
        copy["kind"] = to.Name;
        copy["apiVersion"] = to.Identity.ApiVersion;
        return copy;
    }

    private static string Root(Kind kind) => (kind.StoredAs ?? kind).StoragePrefix;
}
