using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.CustomResources;

/// <summary>Groups of the Kubernetes project take definitions only with an annotation that says who has approved them.</summary>
public static class ApiApproval
{
    public const string Annotation = "api-approved.kubernetes.io";

    private const string See = "see https://github.com/kubernetes/enhancements/pull/1111";

    /// <summary>Null: the group is nobody's but its owner's. Otherwise status, reason and message of the condition.</summary>
    public static (string Status, string Reason, string Message)? Of(JsonObject definition)
    {
        var group = definition.Object("spec").String("group") ?? "";
        if (!IsProtected(group))
        {
            return null;
        }

        return definition.Object("metadata").Object("annotations").String(Annotation) switch
        {
            null or "" => ("False", "MissingAnnotation", $"protected groups must have approval annotation \"{Annotation}\", {See}"),
            var given when given.StartsWith("unapproved", StringComparison.Ordinal) => ("False", "UnapprovedAnnotation", $"not approved: \"{given}\""),
            var given when Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Host.Length > 0 => ("True", "ApprovedAnnotation", $"approved in {given}"),
            _ => ("False", "InvalidAnnotation", $"protected groups must have approval annotation \"{Annotation}\" with either a URL or a reason starting with \"unapproved\", {See}"),
        };
    }

    private static bool IsProtected(string group) =>
        group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);
}
