using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>
/// Something and the path of fields and indexes into it. Upstream evaluates a path as one step and counts one for where it
/// starts and one for every part; <see cref="Resolve"/> leaves out the start.
/// </summary>
internal abstract class AttributeNode : Node
{
    private readonly List<Qualifier> qualifiers = [];

    /// <summary>Adds a part; only while planning.</summary>
    public AttributeNode With(Qualifier qualifier)
    {
        qualifiers.Add(qualifier);
        return this;
    }

    public override CelValue Evaluate(Frame frame)
    {
        var value = Resolve(frame);
        frame.Charge(1);
        return value;
    }

    public CelValue Resolve(Frame frame)
    {
        var current = Start(frame);
        var isOptional = false;
        foreach (var qualifier in qualifiers)
        {
            if (current is OptionalValue optional)
            {
                isOptional = true;
                current = optional.Value ?? (CelValue)OptionalValue.None;
            }
            if (current is ErrorValue or OptionalValue)
            {
                return current;
            }
            isOptional |= qualifier.IsOptional;
            current = qualifier.Apply(frame, current, isOptional);
            if (current is null)
            {
                return OptionalValue.None;
            }
        }
        return isOptional && current is not ErrorValue ? OptionalValue.Of(current) : current;
    }

    protected abstract CelValue Start(Frame frame);
}

internal sealed class VariableNode(string name) : AttributeNode
{
    protected override CelValue Start(Frame frame) => frame.Variable(name) ?? new ErrorValue($"no such attribute(s): {name}");
}

/// <summary>A name bound by a comprehension.</summary>
internal sealed class LocalNode(int slot) : AttributeNode
{
    protected override CelValue Start(Frame frame) => frame.Locals[slot] ??= frame.Pending[slot]!.Evaluate(frame);
}

/// <summary>A path into the value of any other expression.</summary>
internal sealed class RelativeNode(Node operand) : AttributeNode
{
    protected override CelValue Start(Frame frame) => operand.Evaluate(frame);
}

/// <summary>The ternary: costs what its condition and the branch taken cost.</summary>
internal sealed class ConditionalNode(Node condition, Node whenTrue, Node whenFalse) : AttributeNode
{
    public override CelValue Evaluate(Frame frame) => Resolve(frame);

    protected override CelValue Start(Frame frame) => condition.Evaluate(frame) switch
    {
        BoolValue { Value: true } => Take(whenTrue, frame),
        BoolValue => Take(whenFalse, frame),
        ErrorValue error => error,
        _ => ErrorValue.NoSuchOverload,
    };

    private static CelValue Take(Node branch, Frame frame) =>
        branch is AttributeNode attribute ? attribute.Resolve(frame) : branch.Evaluate(frame);
}
