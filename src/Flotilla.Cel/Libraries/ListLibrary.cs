using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Kubernetes' functions on lists of comparable items.</summary>
internal sealed class ListLibrary : ICelLibrary
{
    internal static readonly (CelType Type, string Name)[] Comparable =
    [
        (CelType.Int, "int"), (CelType.Uint, "uint"), (CelType.Double, "double"), (CelType.Bool, "bool"), (CelType.Duration, "duration"),
        (CelType.Timestamp, "timestamp"), (CelType.String, "string"), (CelType.Bytes, "bytes"),
    ];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        var item = CelType.Parameter("T");
        foreach (var (type, name) in Comparable)
        {
            var list = CelType.List(type);
            functions.Method<ListValue>("isSorted", $"list_{name}_is_sorted_bool", list, CelType.Bool, IsSorted);
            functions.Method<ListValue>("min", $"list_{name}_min_{name}", list, type, values => Extreme(values, "min", order => order < 0));
            functions.Method<ListValue>("max", $"list_{name}_max_{name}", list, type, values => Extreme(values, "max", order => order > 0));
        }
        functions.Member("indexOf", "list_a_index_of_int", [CelType.List(item), item], CelType.Int, values => IndexOf((ListValue)values[0], values[1], last: false));
        functions.Member("lastIndexOf", "list_a_last_index_of_int", [CelType.List(item), item], CelType.Int, values => IndexOf((ListValue)values[0], values[1], last: true));
        AddSums(functions);
    }

    private static void AddSums(FunctionTable functions)
    {
        (CelType Type, string Name, CelValue Zero)[] summable =
        [
            (CelType.Int, "int", new IntValue(0)), (CelType.Uint, "uint", new UintValue(0)), (CelType.Double, "double", new DoubleValue(0)),
            (CelType.Duration, "duration", new DurationValue(0)),
        ];
        var table = new FunctionTable();
        Arithmetic.AddTo(table);
        var additions = table.Find(Syntax.Operators.Add)!;
        foreach (var (type, name, zero) in summable)
        {
            functions.Method<ListValue>("sum", $"list_{name}_sum_{name}", CelType.List(type), type, list => list.Items().Aggregate(zero, (sum, value) =>
                sum is ErrorValue ? sum : additions.FirstOrDefault(addition => addition.Accepts([sum, value]))?.Call([sum, value]) ?? ErrorValue.NoSuchOverload));
        }
    }

    private static CelValue IsSorted(ListValue list)
    {
        for (var i = 1; i < list.Count; i++)
        {
            if (Ordering.Compare(list[i - 1], list[i]) is not { } order)
            {
                return ErrorValue.NoSuchOverload;
            }
            if (order > 0)
            {
                return BoolValue.False;
            }
        }
        return BoolValue.True;
    }

    private static CelValue Extreme(ListValue list, string name, Func<int, bool> isBetter)
    {
        if (list.Count == 0)
        {
            return new ErrorValue($"{name} called on empty list");
        }
        var best = list[0];
        foreach (var item in list.Items().Skip(1))
        {
            if (Ordering.Compare(item, best) is not { } order)
            {
                return ErrorValue.NoSuchOverload;
            }
            best = isBetter(order) ? item : best;
        }
        return best;
    }

    private static IntValue IndexOf(ListValue list, CelValue item, bool last)
    {
        var indexes = Enumerable.Range(0, list.Count).Where(index => list[index].IsEqualTo(item)).Select(index => (long)index);
        return new IntValue(last ? indexes.DefaultIfEmpty(-1).Last() : indexes.DefaultIfEmpty(-1).First());
    }
}
