using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.CustomResources;

namespace Flotilla.Server.Admission.Matching;

/// <summary>The versions in which one stored object can be read, and the way from one to another.</summary>
public sealed class EquivalentKinds(KindRegistry kinds, ConversionWebhooks webhooks)
{
    /// <summary>The other kinds that show the same stored objects.</summary>
    public IEnumerable<Kind> Of(Kind kind) => kinds.All.Where(other => other != kind && Root(other) == Root(kind));

    /// <summary>A copy in the form of <paramref name="to"/>.</summary>
    /// <exception cref="Api.ApiException">500: the webhook that converts custom resources failed.</exception>
    public async ValueTask<JsonObject> ConvertAsync(JsonObject value, Kind from, Kind to, CancellationToken cancellationToken)
    {
        var copy = value.Copy();
        copy["kind"] ??= from.Name;
        copy["apiVersion"] ??= from.Identity.ApiVersion;
        if (from == to)
        {
            return copy;
        }

        if (to.Custom is { ConvertsByWebhook: true } custom)
        {
            copy = (await webhooks.ConvertAsync(custom, [copy], to.Identity.ApiVersion, cancellationToken))[0];
        }

        from.ToStored?.Invoke(copy);
        to.FromStored?.Invoke(copy);
        copy["kind"] = to.Name;
        copy["apiVersion"] = to.Identity.ApiVersion;
        return copy;
    }

    private static string Root(Kind kind) => (kind.StoredAs ?? kind).StoragePrefix;
}
