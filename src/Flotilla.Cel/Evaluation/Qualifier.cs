using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>One part of a path: a field, a key or an index, fixed or computed.</summary>
internal sealed class Qualifier(Node key, bool isOptional)
{
    public bool IsOptional => isOptional;

    /// <summary>What is under the key; null when nothing is and that is allowed.</summary>
    public CelValue? Apply(Frame frame, CelValue operand, bool allowAbsent)
    {
        var by = key is AttributeNode attribute ? attribute.Resolve(frame) : key.Evaluate(frame);
        if (by is ErrorValue)
        {
            return by;
        }
        var found = Lookup.Find(operand, by);
        if (found is null && allowAbsent)
        {
            return null;
        }
        frame.Charge(1);
        return found ?? Lookup.Absent(operand, by);
    }
}
