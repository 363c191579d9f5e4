using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>A planned expression. Immutable once planned, so programs are shared between threads.</summary>
internal abstract class Node
{
    public abstract CelValue Evaluate(Frame frame);
}

internal sealed class ConstantNode(CelValue value) : Node
{
    public CelValue Value => value;

    public override CelValue Evaluate(Frame frame) => value;
}

/// <summary><c>&amp;&amp;</c> (decided by false) and <c>||</c> (decided by true): either side may decide, whatever the other does.</summary>
internal sealed class LogicNode(Node left, Node right, BoolValue decisive) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var first = left.Evaluate(frame);
        if (ReferenceEquals(first, decisive))
        {
            return decisive;
        }
        var second = right.Evaluate(frame);
        if (ReferenceEquals(second, decisive) || (first is BoolValue && second is BoolValue))
        {
            return second;
        }
        return first is ErrorValue ? first : first is BoolValue && second is ErrorValue ? second : ErrorValue.NoSuchOverload;
    }
}

/// <summary>Whether a value is in a list of constants; upstream counts nothing for it.</summary>
internal sealed class MembershipNode(Node value, HashSet<CelValue> members) : Node
{
    public override CelValue Evaluate(Frame frame) =>
        value.Evaluate(frame) is var found && found is ErrorValue ? found : BoolValue.Of(members.Contains(found));
}

/// <summary>An optional, or another value when it is empty; the other is only evaluated then.</summary>
internal sealed class OtherwiseNode(Node optional, Node otherwise, bool unwraps) : Node
{
    public override CelValue Evaluate(Frame frame) => optional.Evaluate(frame) switch
    {
        ErrorValue error => error,
        OptionalValue { Value: null } => otherwise.Evaluate(frame),
        OptionalValue { Value: { } value } found => unwraps ? value : found,
        _ => ErrorValue.NoSuchOverload,
    };
}
