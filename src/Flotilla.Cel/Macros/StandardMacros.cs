using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Macros;

/// <summary>has, all, exists, exists_one, map and filter.</summary>
internal static class StandardMacros
{
    public static void AddTo(MacroTable macros)
    {
        macros.Add("has", 1, Has, isMember: false);
        macros.Add("all", 2, call => Quantifiers.All(call, 1));
        macros.Add("exists", 2, call => Quantifiers.Exists(call, 1));
        macros.Add("exists_one", 2, call => Quantifiers.ExistsOne(call, 1));
        macros.Add("existsOne", 2, call => Quantifiers.ExistsOne(call, 1));
        macros.Add("map", 2, call => Map(call.Offset, call.Target!, call.Arguments));
        macros.Add("map", 3, call => Map(call.Offset, call.Target!, call.Arguments));
        macros.Add("filter", 2, Filter);
    }

    public static Comprehension Map(int at, Expression range, IReadOnlyList<Expression> arguments)
    {
        var variable = Build.Variable(arguments[0]);
        var append = Build.Operator(at, Operators.Add, Build.Result(at), new CreateList(at, arguments[^1]));
        return Collect(at, range, variable, arguments.Count == 2 ? append : Build.Choose(at, arguments[1], append, Build.Result(at)));
    }

    private static Select Has(Call call) => call.Arguments[0] is Select { TestOnly: false } select
        ? new Select(call.Offset, select.Operand, select.Field, testOnly: true)
        : throw new SyntaxException(call.Arguments[0].Offset, "invalid argument to has() macro");

    private static Comprehension Filter(Call call)
    {
        var (at, variable) = (call.Offset, Build.Variable(call.Arguments[0]));
        var append = Build.Operator(at, Operators.Add, Build.Result(at), new CreateList(at, call.Arguments[0]));
        return Collect(at, call.Target!, variable, Build.Choose(at, call.Arguments[1], append, Build.Result(at)));
    }

    private static Comprehension Collect(int at, Expression range, string variable, Expression step) => new(at)
    {
        Range = range,
        Variable = variable,
        Accumulator = Build.Accumulator,
        Initial = new CreateList(at),
        Condition = Build.Bool(at, value: true),
        Step = step,
        Result = Build.Result(at),
    };
}
