using Flotilla.Cel.Libraries;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Validation;

/// <summary>The message expression of a rule that did not hold.</summary>
internal sealed class RuleMessage(RuleBudget budget, CancellationToken cancellationToken)
{
    private const int MaxBytes = 5 * 1024;

    /// <summary>A message; or why no further rule is run; or neither, and the fixed message is said.</summary>
    public (string? Message, string? Problem) Evaluate(CompiledRule rule, CelBindings bindings)
    {
        if (rule.Message?.Program is not { } program || rule.MessageProblem is not null)
        {
            return (null, null);
        }
        var result = program.Evaluate(bindings, CelProgram.PerCallLimit, cancellationToken);
        if (!budget.Take(result.Cost))
        {
            return (null, "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run");
        }
        if (result.IsCostExceeded)
        {
            budget.Stop();
            return (null, "no further validation rules will be run due to call cost exceeds limit for messageExpression: "
                + TextFormat.Quote(rule.Source.MessageExpression));
        }
        var text = (result.Value as StringValue)?.Value.Trim();
        var isUsable = text is { Length: > 0 and <= MaxBytes } && !text.Contains('\n', StringComparison.Ordinal);
        return (isUsable ? text : null, null);
    }
}
