using System.Text.Json.Nodes;
using Flotilla.Cel;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>Evaluates expressions about one request, one after the other, within what they may cost together.</summary>
internal sealed class ExpressionRun(AdmissionFacts facts, AskedAuthorizer authorizer, PolicyVariables? variables = null, JsonObject? parameters = null)
{
    private const ulong TotalCost = 10_000_000;
    private ulong left = TotalCost;

    public AdmissionFacts Facts => facts;

    /// <exception cref="OperationCanceledException">The request was given up.</exception>
    public async ValueTask<EvalResult> EvaluateAsync(AdmissionExpression expression, CancellationToken cancellationToken)
    {
        if (expression.Program is not { } program)
        {
            return new EvalResult(null, expression.Problem, 0);
        }

        while (true)
        {
            var result = program.Evaluate(Bind(), Math.Min(CelProgram.PerCallLimit, left), cancellationToken);
            if (!authorizer.IsWaiting)
            {
                left -= Math.Min(left, result.Cost);
                return result.Error is null ? result : result with { Error = $"expression '{expression.Text}' resulted in error: {result.Error}" };
            }

            await authorizer.AnswerAsync(cancellationToken);
        }
    }

    /// <summary>The same expressions' surroundings around another state of the request.</summary>
    public ExpressionRun WithFacts(AdmissionFacts next, AskedAuthorizer asked) => new(next, asked, variables, parameters);

    private CelBindings Bind()
    {
        var bindings = facts.Bind(authorizer).Set("params", () => CelJson.Value(parameters));
        return variables is null ? bindings : bindings.Set("variables", variables.Values(bindings));
    }
}
