using System.Text.Json.Nodes;
using Flotilla.Cel.Costs;
using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Validation;

/// <summary>Compiles all rules of a schema and collects what is wrong with them. One use.</summary>
internal sealed class RuleCompiler(CelEnvironment environment)
{
    private readonly CostTotal total = new();

    public List<CelFieldError> Errors { get; } = [];

    /// <param name="root">The path of the schema within its definition, for the errors.</param>
    public RuleNode? Compile(JsonObject schema, string root)
    {
        var node = Visit(new StructuralSchema(schema, isResourceRoot: true), root, new Position("selfType", 1, null));
        Errors.AddRange(total.Errors(root));
        return node;
    }

    /// <summary>
    /// Where a node is: the name of its type, how many values it can have at most (null when nothing bounds that), and the
    /// list above it whose items have no old values.
    /// </summary>
    private sealed record Position(string TypeName, ulong? Cardinality, string? Uncorrelatable);

    private RuleNode? Visit(StructuralSchema schema, string path, Position at)
    {
        var node = new RuleNode { Schema = schema, Rules = CompileRules(schema.Validations, schema, path, at) };
        foreach (var (name, property) in schema.Properties ?? new Dictionary<string, StructuralSchema>(StringComparer.Ordinal))
        {
            if (Visit(property, $"{path}.properties[{name}]", Below(at, name, 1)) is { } inner)
            {
                node.Properties[name] = inner;
            }
        }
        if (schema.AdditionalProperties is { } values)
        {
            node.AdditionalProperties = Visit(values, $"{path}.additionalProperties", Below(at, "@elem", schema.MaxProperties));
        }
        if (schema.Items is { } items)
        {
            node.Items = Visit(items, $"{path}.items", BelowItems(schema, path, at));
        }
        foreach (var (part, index) in schema.AllOf.Select((part, index) => (part, index)))
        {
            AddAllOf(node, part, schema, $"{path}.allOf[{index}]", at);
        }
        return node.IsEmpty ? null : node;
    }

    private void AddAllOf(RuleNode node, JsonObject part, StructuralSchema schema, string path, Position at)
    {
        var rules = CompileRules(new StructuralSchema(part).Validations, schema, path, at);
        if (rules.Count > 0)
        {
            node.AllOf.Add(new RuleNode { Schema = schema, Rules = rules });
        }
    }

    private static Position Below(Position at, string name, long? times) => at with
    {
        TypeName = $"{at.TypeName}.{name}",
        Cardinality = at.Cardinality is { } outer && times is { } factor ? Saturating.Multiply(outer, (ulong)factor) : null,
    };

    private static Position BelowItems(StructuralSchema schema, string path, Position at)
    {
        var below = Below(at, "@elem", schema.MaxItems);
        return schema.ListType == "map" ? below : below with { Uncorrelatable = at.Uncorrelatable ?? $"{path}.items" };
    }

    private List<CompiledRule> CompileRules(IReadOnlyList<JsonObject> rules, StructuralSchema schema, string path, Position at)
    {
        if (rules.Count == 0)
        {
            return [];
        }
        if (SchemaTypes.Of(schema, at.TypeName) is not { } self)
        {
            Errors.Add(new CelFieldError("InternalError", $"{path}.x-kubernetes-validations",
                "Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations"));
            return [];
        }
        var compiled = new List<CompiledRule>();
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = ValidationRule.Read(rules[i]);
            var place = $"{path}.x-kubernetes-validations[{i}]";
            var problems = RuleForm.Check(rule, schema, place).ToList();
            Errors.AddRange(problems);
            if (problems.Count == 0)
            {
                compiled.Add(Check(CompiledRule.Compile(rule, self.Type, environment, RulePath.Normalize(rule.FieldPath, schema) ?? ""), self.MinBytes, place, at));
            }
        }
        return compiled;
    }

    private CompiledRule Check(CompiledRule rule, long minBytes, string place, Position at)
    {
        CheckCost(rule, minBytes, place, at);
        if (rule.RuleProblem is { } problem)
        {
            Errors.Add(CelFieldError.Invalid($"{place}.rule", rule.Source.Show(), problem));
        }
        if (rule.MessageProblem is { } messageProblem)
        {
            Errors.Add(CelFieldError.Invalid($"{place}.messageExpression", rule.Source.Show(), messageProblem));
        }
        if (rule.UsesOldSelf && at.Uncorrelatable is { } list)
        {
            Errors.Add(CelFieldError.Invalid($"{place}.rule", Quoted.Of(rule.Source.Rule), $"oldSelf cannot be used on the uncorrelatable portion of the schema within {list}"));
        }
        if (!rule.UsesOldSelf && rule.Source.OptionalOldSelf is { } optional)
        {
            Errors.Add(CelFieldError.Invalid($"{place}.optionalOldSelf", optional ? "true" : "false", "may not be set if oldSelf is not used in rule"));
        }
        return rule;
    }

    private void CheckCost(CompiledRule rule, long minBytes, string place, Position at)
    {
        var times = at.Cardinality ?? (ulong)(SchemaTypes.MaxRequestBytes / (minBytes + 1));
        var cost = Saturating.Multiply(rule.RuleProblem is null ? rule.Rule.EstimatedCost.Max : 0, times);
        Observe($"{place}.rule", "estimated rule cost", cost);
        if (rule.Message is { Program: not null } message && rule.MessageProblem is null)
        {
            Observe($"{place}.messageExpression", "estimated messageExpression cost", message.EstimatedCost.Max);
        }
    }

    private void Observe(string place, string what, ulong cost)
    {
        if (cost > CostTotal.RuleLimit)
        {
            Errors.Add(CelFieldError.Forbidden(place, CostTotal.Excess(what, cost)));
        }
        total.Add(place, cost);
    }
}
