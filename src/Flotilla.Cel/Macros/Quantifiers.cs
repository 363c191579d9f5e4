using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Macros;

/// <summary>all, exists and exists_one over one or two variables. An error only counts if no element decides.</summary>
internal static class Quantifiers
{
    public static Comprehension All(Call call, int variables)
    {
        var at = call.Offset;
        return Loop(call, variables, Build.Bool(at, value: true),
            Build.Operator(at, Operators.NotStrictlyFalse, Build.Result(at)),
            Build.Operator(at, Operators.And, Build.Result(at), call.Arguments[^1]), Build.Result(at));
    }

    public static Comprehension Exists(Call call, int variables)
    {
        var at = call.Offset;
        return Loop(call, variables, Build.Bool(at, value: false),
            Build.Operator(at, Operators.NotStrictlyFalse, Build.Operator(at, Operators.Not, Build.Result(at))),
            Build.Operator(at, Operators.Or, Build.Result(at), call.Arguments[^1]), Build.Result(at));
    }

    public static Comprehension ExistsOne(Call call, int variables)
    {
        var at = call.Offset;
        var count = Build.Operator(at, Operators.Add, Build.Result(at), Build.Int(at, 1));
        return Loop(call, variables, Build.Int(at, 0), Build.Bool(at, value: true),
            Build.Choose(at, call.Arguments[^1], count, Build.Result(at)),
            Build.Operator(at, Operators.Equal, Build.Result(at), Build.Int(at, 1)));
    }

    public static Comprehension Loop(
        Call call, int variables, Expression initial, Expression condition, Expression step, Expression result) => new(call.Offset)
        {
            Range = call.Target!,
            Variable = Build.Variable(call.Arguments[0]),
            SecondVariable = variables == 2 ? Second(call) : null,
            Accumulator = Build.Accumulator,
            Initial = initial,
            Condition = condition,
            Step = step,
            Result = result,
        };

    private static string Second(Call call)
    {
        var (first, second) = (Build.Variable(call.Arguments[0]), Build.Variable(call.Arguments[1]));
        return string.Equals(first, second, StringComparison.Ordinal)
            ? throw new SyntaxException(call.Arguments[1].Offset, $"duplicate variable name: {second}") : second;
    }
}
