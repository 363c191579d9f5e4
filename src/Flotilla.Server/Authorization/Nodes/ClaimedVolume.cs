using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Authorization.Nodes;

/// <summary>Of a PersistentVolume: the claim it is bound to and the Secrets by which it is mounted, as storage keys.</summary>
internal sealed record ClaimedVolume(string? ClaimKey, IReadOnlyList<string> Secrets)
{
    private static readonly string[] References = ["secretRef", "nodePublishSecretRef", "nodeStageSecretRef", "controllerPublishSecretRef", "controllerExpandSecretRef", "nodeExpandSecretRef"];

    public static ClaimedVolume FromJson(JsonObject volume)
    {
        var claim = volume.Object("spec").Object("claimRef");
        var space = claim.String("namespace") ?? "";
        var sources = volume.Object("spec")?.Select(pair => pair.Value).OfType<JsonObject>() ?? [];
        var secrets = sources
            .SelectMany(source => References.Select(name => source.Object(name)))
            .Where(reference => reference.String("name") is { Length: > 0 })
            .Select(reference => $"{CoreKinds.Secret.StoragePrefix}{(reference.String("namespace") is { Length: > 0 } own ? own : space)}/{reference.String("name")}");
        return new ClaimedVolume(claim.String("name") is { } name ? $"{CoreKinds.PersistentVolumeClaim.StoragePrefix}{space}/{name}" : null, [.. secrets]);
    }
}
