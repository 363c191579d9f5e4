using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>Where kinds keep the pods they make.</summary>
internal static class PodTemplates
{
    public static JsonObject? Of(AdmissionRequest request) => request.Kind.GroupResource switch
    {
        "podtemplates" => request.Object.Object("template"),
        "replicationcontrollers" or "replicasets.apps" or "deployments.apps" or "statefulsets.apps" or "daemonsets.apps" or "jobs.batch" => request.Object.Object("spec").Object("template"),
        "cronjobs.batch" => request.Object.Object("spec").Object("jobTemplate").Object("spec").Object("template"),
        _ => null,
    };

    /// <summary>Of what may change in a running pod, only images and added containers matter.</summary>
    public static bool IsSignificantUpdate(JsonObject pod, JsonObject old) =>
        new[] { "initContainers", "containers", "ephemeralContainers" }.Any(list => !Images(pod, list).SequenceEqual(Images(old, list)));

    private static IEnumerable<(string?, string?)> Images(JsonObject pod, string list) =>
        pod.Object("spec").Objects(list).Select(container => (container.String("name"), container.String("image")));
}
