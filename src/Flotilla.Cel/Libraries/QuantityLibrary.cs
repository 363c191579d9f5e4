using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Amounts of resources, like 1.5Gi or 100m.</summary>
internal sealed class QuantityLibrary : ICelLibrary
{
    private static readonly CelType Quantity = QuantityValue.OfQuantity;

    public IEnumerable<CelType> Types => [Quantity];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Function("quantity", "string_to_quantity", [CelType.String], Quantity,
            values => QuantityValue.Parse(StringLibrary.Of(values[0]), out var problem) ?? (CelValue)new ErrorValue(problem));
        functions.Function("isQuantity", "is_quantity_string", [CelType.String], CelType.Bool,
            values => BoolValue.Of(QuantityValue.Parse(StringLibrary.Of(values[0]), out _) is not null));
        // Upstream declares this one as a function, not as a method, whatever its documentation says.
        functions.Function("sign", "quantity_sign", [Quantity], CelType.Int, values => new IntValue(((QuantityValue)values[0]).Sign));
        functions.Method<QuantityValue>("isInteger", "quantity_is_integer", Quantity, CelType.Bool, quantity => BoolValue.Of(quantity.ToInt() is not null));
        functions.Method<QuantityValue>("asInteger", "quantity_as_integer", Quantity, CelType.Int,
            quantity => quantity.ToInt() is { } number ? new IntValue(number) : new ErrorValue("cannot convert value to integer"));
        functions.Method<QuantityValue>("asApproximateFloat", "quantity_as_float", Quantity, CelType.Double, quantity => new DoubleValue(quantity.ToDouble()));
        Compare(functions, "isGreaterThan", "quantity_is_greater_than", order => order > 0);
        Compare(functions, "isLessThan", "quantity_is_less_than", order => order < 0);
        functions.Member("compareTo", "quantity_compare_to", [Quantity, Quantity], CelType.Int,
            values => new IntValue(((QuantityValue)values[0]).CompareTo((QuantityValue)values[1])));
        Combine(functions, "add", (left, right) => left.Add(right));
        Combine(functions, "sub", (left, right) => left.Add(right.Negate()));
    }

    private static void Compare(FunctionTable functions, string name, string id, Func<int, bool> holds) =>
        functions.Member(name, id, [Quantity, Quantity], CelType.Bool,
            values => BoolValue.Of(holds(((QuantityValue)values[0]).CompareTo((QuantityValue)values[1]))));

    private static void Combine(FunctionTable functions, string name, Func<QuantityValue, QuantityValue, QuantityValue> combine)
    {
        functions.Member(name, $"quantity_{name}", [Quantity, Quantity], Quantity, values => combine((QuantityValue)values[0], (QuantityValue)values[1]));
        functions.Member(name, $"quantity_{name}_int", [Quantity, CelType.Int], Quantity,
            values => combine((QuantityValue)values[0], QuantityValue.Of(((IntValue)values[1]).Value)));
    }
}
