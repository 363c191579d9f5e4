using Flotilla.Api;
using Flotilla.Api.ManagedFields;
using k8s.Models;

namespace Flotilla.Server.Http;

/// <summary>The 409 of an apply that would take fields from other managers, in the words kubectl shows.</summary>
public static class ApplyConflicts
{
    public static ApiException Explain(IReadOnlyList<FieldConflict> conflicts)
    {
        var fields = conflicts.SelectMany(conflict => conflict.Paths.Select(path => (conflict, Path: FieldManager.Describe(path)))).ToList();
        var groups = conflicts.Select(conflict => conflict.Paths.Count == 1
            ? $"conflict with {Who(conflict)}: {FieldManager.Describe(conflict.Paths[0])}"
            : $"conflicts with {Who(conflict)}:\n{string.Join("\n", conflict.Paths.Select(path => "- " + FieldManager.Describe(path)))}");
        var count = fields.Count == 1 ? "1 conflict" : $"{fields.Count} conflicts";
        var failure = Failures.Of(409, "Conflict", $"Apply failed with {count}: {string.Join("\n", groups)}", new V1StatusDetails());
        failure.Status.Details.Causes =
        [
            .. fields.Select(field => new V1StatusCause { Reason = "FieldManagerConflict", Message = $"conflict with {Who(field.conflict)}", Field = field.Path }),
        ];
        return failure;
    }

    private static string Who(FieldConflict conflict)
    {
        var who = $"\"{conflict.Manager}\"";
        if (!string.IsNullOrEmpty(conflict.Subresource))
        {
            who += $" with subresource \"{conflict.Subresource}\"";
        }

        return conflict.Operation == "Update" ? $"{who} using {conflict.ApiVersion}" + (conflict.Time is { } time ? $" at {Times.Seconds(time)}" : "") : who;
    }
}
