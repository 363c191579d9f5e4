using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Cel;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Server.Admission.Expressions;

/// <summary>Named expressions of a policy, each of which may use those before it. They are evaluated when used.</summary>
internal sealed class PolicyVariables
{
    private readonly List<(string Name, AdmissionExpression Expression)> variables = [];
    private readonly Dictionary<string, CelType> types = new(StringComparer.Ordinal);

    public PolicyVariables(CelEnvironment environment, JsonObject? spec)
    {
        Environment = environment.With("variables", CelType.Object("kubernetes.variables", types.GetValueOrDefault));
        foreach (var variable in spec.Objects("variables"))
        {
            var (name, expression) = (variable.String("name") ?? "", AdmissionExpression.Compile(Environment, variable.String("expression")));
            variables.Add((name, expression));
            types[name] = expression.Type;
        }
    }

    /// <summary>Where the policy's other expressions are compiled.</summary>
    public CelEnvironment Environment { get; }

    public IReadOnlyList<(string Name, AdmissionExpression Expression)> All => variables;

    public CelValue Values(CelBindings bindings) => new LazyValues(this, bindings);

    private sealed class LazyValues(PolicyVariables owner, CelBindings bindings) : MapValue
    {
        private readonly Dictionary<string, CelValue> made = new(StringComparer.Ordinal);

        public override int Count => owner.variables.Count;

        public override CelValue? Find(CelValue key)
        {
            if (key is not StringValue { Value: var name } || owner.variables.Find(variable => variable.Name == name) is not { Expression: { } expression })
            {
                return null;
            }

            if (!made.TryGetValue(name, out var value))
            {
                var result = expression.Program?.Evaluate(bindings);
                made[name] = value = result?.Value ?? new ErrorValue($"composited variable \"{name}\" fails to evaluate: {result?.Error ?? expression.Problem}");
            }

            return value;
        }

        public override IEnumerable<CelValue> Keys() => owner.variables.Select(variable => new StringValue(variable.Name));
    }
}
