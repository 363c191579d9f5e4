using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>Whether a field is there. The test itself costs nothing; reaching the field costs what reading it would.</summary>
internal sealed class HasNode(AttributeNode operand, StringValue field) : Node
{
    public override CelValue Evaluate(Frame frame)
    {
        var value = operand.Resolve(frame);
        value = value is OptionalValue optional ? optional.Value : value;
        if (value is ErrorValue)
        {
            return value;
        }
        frame.Charge(1);
        return value switch
        {
            null => BoolValue.False,
            MapValue map => Present(map.Find(field)),
            _ => ErrorValue.NoSuchOverload,
        };
    }

    private static CelValue Present(CelValue? found) => found is ErrorValue ? found : BoolValue.Of(found is not null);
}
