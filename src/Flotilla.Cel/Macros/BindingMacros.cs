using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Macros;

/// <summary>Macros that give a value a name: optMap, optFlatMap, sortBy and cel.bind.</summary>
internal static class BindingMacros
{
    /// <summary>The target is evaluated twice, so chains double in size with every call.</summary>
    private const int MaxDoubledNodes = 4_000;

    private const string SortInput = "@__sortBy_input__";

    public static void AddOptionals(MacroTable macros)
    {
        macros.Add("optMap", 2, call => WhenPresent(call, value => Optional(call.Offset, "of", value)));
        macros.Add("optFlatMap", 2, call => WhenPresent(call, value => value));
    }

    /// <summary><c>cel.bind(name, value, expression)</c>.</summary>
    public static void AddBind(MacroTable macros) => macros.Add("bind", 3, call => call.Target is Identifier { Name: "cel" }
        ? Comprehension.Bind(call.Offset, Build.Variable(call.Arguments[0]), call.Arguments[1], call.Arguments[2])
        : call);

    public static void AddSortBy(MacroTable macros) => macros.Add("sortBy", 2, SortBy);

    private static Call WhenPresent(Call call, Func<Expression, Expression> wrap)
    {
        var (at, target) = (call.Offset, call.Target!);
        if (target.Weight > MaxDoubledNodes)
        {
            throw new SyntaxException(at, $"{call.Function}() is applied to too large an expression");
        }
        var name = Build.Variable(call.Arguments[0]);
        var bound = Comprehension.Bind(at, name, new Call(at, "value", target.Copy(), []), call.Arguments[1]);
        return Build.Choose(at, new Call(at, "hasValue", target, []), wrap(bound), Optional(at, "none"));
    }

    private static Comprehension SortBy(Call call)
    {
        var at = call.Offset;
        var keys = StandardMacros.Map(at, new Identifier(at, SortInput), call.Arguments);
        var sorted = new Call(at, Operators.SortByKeys, new Identifier(at, SortInput), [keys]);
        return Comprehension.Bind(at, SortInput, call.Target!, sorted);
    }

    private static Call Optional(int at, string function, params Expression[] arguments) =>
        new(at, function, new Identifier(at, "optional"), arguments);
}
