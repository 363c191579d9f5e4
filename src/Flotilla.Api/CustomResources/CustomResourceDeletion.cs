using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.CustomResources;

/// <summary>A definition that is deleted stays until its instances are gone.</summary>
public static class CustomResourceDeletion
{
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";

    public static void Begin(JsonObject definition, DateTimeOffset now)
    {
        var metadata = definition.Child("metadata");
        var finalizers = metadata.Array("finalizers")?.DeepClone() as JsonArray ?? [];
        if (!finalizers.Any(finalizer => finalizer.AsString() == Finalizer))
        {
            finalizers.Add(Finalizer);
            metadata["finalizers"] = finalizers;
        }

        var status = definition.Child("status");
        var conditions = status.Array("conditions")?.DeepClone() as JsonArray ?? [];
        conditions.Add(new JsonObject
        {
            ["type"] = "Terminating",
            ["status"] = "True",
            ["lastTransitionTime"] = Times.Seconds(now),
            ["reason"] = "InstanceDeletionPending",
            ["message"] = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        });
        status["conditions"] = conditions;
    }
}
