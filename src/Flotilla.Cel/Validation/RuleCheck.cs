using System.Text.Json.Nodes;
using Flotilla.Cel.Schemas;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Validation;

/// <summary>The rules of one node against one value.</summary>
internal sealed class RuleCheck(RuleBudget budget, CancellationToken cancellationToken)
{
    private const string Exhausted = "validation failed due to running out of cost budget, no further validation rules will be run";

    private readonly List<CelFieldError> errors = [];

    public List<CelFieldError> Check(RuleNode node, string path, JsonNode value, JsonNode? old, Correlation correlation)
    {
        var shownType = Quoted.Of(node.Schema.Type);
        var self = node.Rules.Count == 0 ? null : SchemaValues.Of(value, node.Schema);
        var oldSelf = node.Rules.Any(rule => rule.UsesOldSelf) && old is not null ? SchemaValues.Of(old, node.Schema) : null;
        foreach (var rule in node.Rules)
        {
            if (budget.IsEmpty)
            {
                budget.Stop();
                errors.Add(CelFieldError.Invalid(path, shownType, Exhausted));
            }
            if (budget.IsSpent)
            {
                break;
            }
            if (rule.RuleProblem is { } problem)
            {
                errors.Add(CelFieldError.Invalid(path, shownType, $"rule compile error: {problem}"));
            }
            else if (!rule.UsesOldSelf || oldSelf is not null || rule.Source.OptionalOldSelf == true)
            {
                Evaluate(rule, path, value, shownType, Bind(rule, self!, oldSelf), correlation);
            }
        }
        return errors;
    }

    private static CelBindings Bind(CompiledRule rule, CelValue self, CelValue? oldSelf)
    {
        var bindings = new CelBindings().Set("self", self);
        return rule.Source.OptionalOldSelf == true ? bindings.Set("oldSelf", oldSelf is null ? OptionalValue.None : OptionalValue.Of(oldSelf))
            : oldSelf is null ? bindings : bindings.Set("oldSelf", oldSelf);
    }

    private void Evaluate(CompiledRule rule, string path, JsonNode value, string shownType, CelBindings bindings, Correlation correlation)
    {
        var result = rule.Rule.Program!.Evaluate(bindings, CelProgram.PerCallLimit, cancellationToken);
        if (!budget.Take(result.Cost))
        {
            errors.Add(CelFieldError.Invalid(path, shownType, Exhausted));
        }
        else if (result.Error is { } error)
        {
            errors.Add(CelFieldError.Invalid(path, shownType, Explain(result, error, rule.Source.Title)));
        }
        else if (!result.IsTrue && (rule.UsesOldSelf || !correlation.Excused))
        {
            Report(rule, path, value, shownType, bindings);
        }
    }

    private string Explain(EvalResult result, string error, string title)
    {
        if (result.IsCostExceeded)
        {
            budget.Stop();
            return $"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {title}";
        }
        return error.StartsWith("no such overload", StringComparison.Ordinal)
            ? $"'{error}': call arguments did not match a supported operator, function or macro signature for rule: {title}"
            : $"{error} evaluating rule: {title}";
    }

    private void Report(CompiledRule rule, string path, JsonNode value, string shownType, CelBindings bindings)
    {
        var field = rule.RelativePath.Length == 0 ? path : path.Length == 0 ? rule.RelativePath : $"{path}.{rule.RelativePath}";
        var (message, problem) = new RuleMessage(budget, cancellationToken).Evaluate(rule, bindings);
        if (problem is not null)
        {
            errors.Add(CelFieldError.Invalid(field, shownType, problem));
            return;
        }
        var shown = Quoted.Of(value);
        var detail = message ?? rule.Source.Failure;
        errors.Add(rule.Source.Reason switch
        {
            "FieldValueForbidden" => CelFieldError.Forbidden(field, detail),
            "FieldValueRequired" => CelFieldError.Required(field, detail),
            "FieldValueDuplicate" => CelFieldError.Duplicate(field, shown),
            _ => CelFieldError.Invalid(field, shown, detail),
        });
    }
}
