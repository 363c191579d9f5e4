using Flotilla.Cel.Checking;
using Flotilla.Cel.Costs;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>A function call: all arguments, then the first overload they fit.</summary>
internal sealed class CallNode(string function, IReadOnlyList<Overload> overloads, Node[] arguments) : Node
{
    /// <summary>Costs are counted by overload only where the checker knew which it is.</summary>
    private readonly string overload = overloads.Count == 1 ? overloads[0].Id : "";
    private readonly bool isStrict = overloads.All(overload => overload.IsStrict);

    public override CelValue Evaluate(Frame frame)
    {
        var values = new CelValue[arguments.Length];
        ErrorValue? error = null;
        for (var i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Evaluate(frame);
            error ??= isStrict ? values[i] as ErrorValue : null;
            if (error is not null && arguments.Length > 2)
            {
                return error;
            }
        }
        var result = error ?? Invoke(values);
        frame.Charge(RuntimeCosts.Of(function, overload, values, result));
        return result;
    }

    private CelValue Invoke(CelValue[] values)
    {
        foreach (var candidate in overloads)
        {
            if (candidate.Accepts(values))
            {
                return candidate.Call(values);
            }
        }
        return ErrorValue.NoSuchOverload;
    }
}
