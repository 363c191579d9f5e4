using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.ApiExtensions;

/// <summary>The parts of a definition that are about all its versions: conversion, storage, protected groups.</summary>
internal static class DefinitionRules
{
    public static IEnumerable<FieldError> Check(JsonObject item)
    {
        var spec = item.Object("spec");
        if (spec.Boolean("preserveUnknownFields") == true)
        {
            yield return FieldError.Invalid("spec.preserveUnknownFields", JsonValue.Create(true), "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }

        foreach (var error in CheckApproval(item).Concat(CheckConversion(spec.Object("conversion"))))
        {
            yield return error;
        }
    }

    public static IEnumerable<FieldError> CheckStoredVersions(JsonObject item)
    {
        var known = item.Object("spec").Objects("versions").Select(version => version.String("name")).ToHashSet();
        return (item.Object("status").Array("storedVersions") ?? []).Select((version, i) => (Name: version.AsString() ?? "", i)).Where(stored => !known.Contains(stored.Name))
            .Select(stored => FieldError.Invalid(FieldRules.Indexed("status.storedVersions", stored.i), stored.Name, "missing from spec.versions; " + stored.Name + " was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in " + stored.Name + " and removes " + stored.Name + " from status.storedVersions"));
    }

    private static IEnumerable<FieldError> CheckApproval(JsonObject item) => ApiApproval.Of(item) switch
    {
        { Reason: "MissingAnnotation" } missing => [FieldError.Required($"metadata.annotations[{ApiApproval.Annotation}]", missing.Message)],
        { Reason: "InvalidAnnotation" } invalid => [FieldError.Invalid($"metadata.annotations[{ApiApproval.Annotation}]", item.Object("metadata").Object("annotations").String(ApiApproval.Annotation)!, invalid.Message)],
        _ => [],
    };

    private static IEnumerable<FieldError> CheckConversion(JsonObject? conversion)
    {
        var strategy = conversion.String("strategy") ?? "None";
        var webhook = conversion.Object("webhook");
        if (strategy is not ("None" or "Webhook"))
        {
            yield return FieldError.NotSupported("spec.conversion.strategy", strategy, ["None", "Webhook"]);
        }

        if (strategy == "None" && webhook is not null)
        {
            yield return FieldError.Forbidden("spec.conversion.webhook", "should not be set when strategy is not set to Webhook");
        }

        if (strategy != "Webhook")
        {
            yield break;
        }

        if (webhook.Object("clientConfig") is not { } client)
        {
            yield return FieldError.Required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
        }
        else if ((client["url"] is null) == (client["service"] is null))
        {
            yield return FieldError.Required("spec.conversion.webhookClientConfig", "exactly one of url or service is required");
        }

        if (webhook.Array("conversionReviewVersions") is not { Count: > 0 } versions)
        {
            yield return FieldError.Required("spec.conversion.conversionReviewVersions");
        }
        else if (!versions.Any(version => version.AsString() is "v1" or "v1beta1"))
        {
            yield return FieldError.Invalid("spec.conversion.conversionReviewVersions", versions.DeepClone(), "must include at least one of v1, v1beta1");
        }
    }
}
