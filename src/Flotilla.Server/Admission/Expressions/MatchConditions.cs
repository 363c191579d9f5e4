using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Cel;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>Expressions that must all be true for a webhook or policy to be concerned.</summary>
internal sealed class MatchConditions
{
    private readonly List<AdmissionExpression> conditions;

    public MatchConditions(CelEnvironment environment, JsonObject owner)
    {
        conditions = [.. owner.Objects("matchConditions").Select(condition => AdmissionExpression.Compile(environment, condition.String("expression"), CelType.Bool))];
        IgnoresErrors = owner.String("failurePolicy") == "Ignore";
    }

    public bool IsEmpty => conditions.Count == 0;

    /// <summary>An error counts as not met; else it is the answer.</summary>
    public bool IgnoresErrors { get; }

    /// <summary>Met or not; an error when none is false but some could not be evaluated.</summary>
    public async ValueTask<(bool Met, string? Error)> EvaluateAsync(ExpressionRun run, CancellationToken cancellationToken)
    {
        var errors = new List<string>();
        foreach (var condition in conditions)
        {
            var result = await run.EvaluateAsync(condition, cancellationToken);
            if (result.Value is BoolValue { Value: false })
            {
                return (false, null);
            }

            if (result.Error is { } error)
            {
                errors.Add(error);
            }
        }

        return errors.Count == 0 ? (true, null)
            : IgnoresErrors ? (false, null)
            : (false, errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]");
    }
}
