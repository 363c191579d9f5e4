using Flotilla.Cel.Values;

namespace Flotilla.Cel.Syntax;

/// <summary>
/// The loop that every macro over a list or map becomes: the accumulator starts at <see cref="Initial"/>; while
/// <see cref="Condition"/> holds, each element makes it <see cref="Step"/>; the value is <see cref="Result"/>.
/// With two variables the first is the index or key and the second the element.
/// </summary>
internal sealed class Comprehension(int offset) : Expression(offset)
{
    public required Expression Range { get; init; }

    public required string Variable { get; init; }

    public string? SecondVariable { get; init; }

    public required string Accumulator { get; init; }

    public required Expression Initial { get; init; }

    public required Expression Condition { get; init; }

    public required Expression Step { get; init; }

    public required Expression Result { get; init; }

    /// <summary>No loop at all, only a name for a value: how <c>optMap</c> and <c>sortBy</c> are written.</summary>
    public bool IsBinding => Range is CreateList { Items.Count: 0 }
        && Condition is Literal { Value: BoolValue { Value: false } };

    public static Comprehension Bind(int offset, string name, Expression value, Expression result) => new(offset)
    {
        Range = new CreateList(offset),
        Variable = "#unused",
        Accumulator = name,
        Initial = value,
        Condition = new Literal(offset, BoolValue.False),
        Step = new Identifier(offset, name),
        Result = result,
    };

    public override long Weight =>
        1 + Range.Weight + Initial.Weight + Condition.Weight + Step.Weight + Result.Weight;

    public override Expression Copy() => new Comprehension(Offset)
    {
        Range = Range.Copy(),
        Variable = Variable,
        SecondVariable = SecondVariable,
        Accumulator = Accumulator,
        Initial = Initial.Copy(),
        Condition = Condition.Copy(),
        Step = Step.Copy(),
        Result = Result.Copy(),
    };
}
