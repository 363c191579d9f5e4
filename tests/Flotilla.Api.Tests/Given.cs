using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Tests;

/// <summary>Objects on the way through a create: decoded, defaulted, owned, prepared.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    public static Kind Kind(string plural) => KindRegistry.BuiltIn.All.First(kind => kind.Plural == plural);

    public static FieldWriter Writer(string manager, string version = "v1") => new(manager, version, null, Noon);

    public static JsonObject Created(Kind kind, string text)
    {
        var item = Json(text);
        item["apiVersion"] = kind.Identity.ApiVersion;
        item["kind"] = kind.Name;
        new Normalizer().Normalize(item, kind.Schema);
        kind.Default?.Invoke(item);
        FieldManager.TrackUpdate(null, item, kind.Schema, Writer("test", kind.Identity.ApiVersion), null);
        if (kind.IsNamespaced)
        {
            item.Child("metadata")["namespace"] = "default";
        }

        item.Child("metadata")["uid"] = "0b0a0d4e-0000-4000-8000-000000000001";
        kind.Prepare?.Invoke(item);
        new Normalizer().Normalize(item, kind.Schema);
        return item;
    }

    public static IReadOnlyList<string> Errors(Kind kind, JsonObject item, JsonObject? old = null) =>
        [.. MetadataRules.Check(item.Child("metadata"), kind, old?.Object("metadata")).Concat(kind.Validate?.Invoke(item, old) ?? []).Select(error => error.ToString())];

    public static IReadOnlyList<string> Errors(string plural, string text) => Errors(Kind(plural), Created(Kind(plural), text));

    public static void Same(string expected, JsonNode? actual) => Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual?.ToJsonString());
}
