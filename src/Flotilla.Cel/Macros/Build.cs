using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Macros;

/// <summary>The pieces macros are made of.</summary>
internal static class Build
{
    /// <summary>No identifier of a user can be this.</summary>
    public const string Accumulator = "@result";

    public static Identifier Result(int offset) => new(offset, Accumulator);

    public static Literal Bool(int offset, bool value) => new(offset, BoolValue.Of(value));

    public static Literal Int(int offset, long value) => new(offset, new IntValue(value));

    public static Call Operator(int offset, string name, params Expression[] arguments) => new(offset, name, null, arguments);

    public static Call Choose(int offset, Expression condition, Expression whenTrue, Expression whenFalse) =>
        Operator(offset, Operators.Conditional, condition, whenTrue, whenFalse);

    /// <summary>The name of a variable a macro binds.</summary>
    /// <exception cref="SyntaxException">It is not a plain name.</exception>
    public static string Variable(Expression argument)
    {
        if (argument is not Identifier { Name: var name } || name.StartsWith('.'))
        {
            throw new SyntaxException(argument.Offset, "argument must be a simple name");
        }
        return name is not ("__result__" or Accumulator) ? name
            : throw new SyntaxException(argument.Offset, "iteration variable overwrites accumulator variable");
    }
}
