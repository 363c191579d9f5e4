using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.Storage;

/// <summary>The storage class a claim names, which the oldest clients put into an annotation.</summary>
internal static class ClaimClass
{
    private const string Annotation = "volume.beta.kubernetes.io/storage-class";

    /// <summary>Null: none is named; empty: expressly none.</summary>
    public static string? Of(JsonObject? claim) =>
        claim.Object("metadata").Object("annotations").String(Annotation) ?? claim.Object("spec").String("storageClassName");
}
