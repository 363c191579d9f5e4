using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>A comprehension. Asks before every element whether the evaluation is cancelled.</summary>
internal sealed class LoopNode : Node
{
    public required Node Range { get; init; }

    public required int Slot { get; init; }

    public int? SecondSlot { get; init; }

    public required int AccumulatorSlot { get; init; }

    public required Node Initial { get; init; }

    public required Node Condition { get; init; }

    public required Node Step { get; init; }

    public required Node Result { get; init; }

    public override CelValue Evaluate(Frame frame)
    {
        var range = Range.Evaluate(frame);
        if (range is not (ListValue or MapValue))
        {
            return range as ErrorValue ?? new ErrorValue($"got '{range.Type.Name}', expected iterable type");
        }
        var locals = frame.Locals;
        locals[AccumulatorSlot] = Initial.Evaluate(frame);
        foreach (var (first, second) in Elements(range))
        {
            frame.StopIfCancelled();
            locals[Slot] = first;
            if (SecondSlot is { } slot)
            {
                locals[slot] = second;
            }
            if (Condition.Evaluate(frame) is BoolValue { Value: false })
            {
                break;
            }
            locals[AccumulatorSlot] = Step.Evaluate(frame);
        }
        return Result.Evaluate(frame);
    }

    private IEnumerable<(CelValue First, CelValue? Second)> Elements(CelValue range) => (range, SecondSlot) switch
    {
        (ListValue list, null) => list.Items().Select(item => (item, (CelValue?)null)),
        (ListValue list, _) => list.Items().Select((item, index) => ((CelValue)new IntValue(index), (CelValue?)item)),
        (MapValue map, null) => map.Keys().Select(key => (key, (CelValue?)null)),
        _ => ((MapValue)range).Keys().Select(key => (key, ((MapValue)range).Find(key))),
    };
}

/// <summary>A name for a value, which is made when the name is first used.</summary>
internal sealed class BindNode(Node unused, int slot, Node value, Node result) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        unused.Evaluate(frame);
        frame.Locals[slot] = null;
        frame.Pending[slot] = value;
        return result.Evaluate(frame);
    }
}
