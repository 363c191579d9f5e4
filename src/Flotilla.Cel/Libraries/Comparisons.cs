using Flotilla.Cel.Checking;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Equality, order, logic, membership and the ways into lists and maps.</summary>
internal static class Comparisons
{
    private static readonly CelType A = CelType.Parameter("A");
    private static readonly CelType B = CelType.Parameter("B");

    public static void AddTo(FunctionTable table)
    {
        table.Function(Operators.Equal, "equals", [A, A], CelType.Bool, values => BoolValue.Of(values[0].IsEqualTo(values[1])));
        table.Function(Operators.NotEqual, "not_equals", [A, A], CelType.Bool, values => BoolValue.Of(!values[0].IsEqualTo(values[1])));
        Order(table, Operators.Less, "less", order => order < 0);
        Order(table, Operators.LessOrEqual, "less_equals", order => order <= 0);
        Order(table, Operators.Greater, "greater", order => order > 0);
        Order(table, Operators.GreaterOrEqual, "greater_equals", order => order >= 0);
        AddLogic(table);
        AddContainers(table);
    }

    private static void Order(FunctionTable table, string name, string id, Func<int, bool> holds)
    {
        (CelType Type, string Name)[] numbers = [(CelType.Int, "int64"), (CelType.Uint, "uint64"), (CelType.Double, "double")];
        (CelType Type, string Name)[] others =
        [
            (CelType.Bool, "bool"), (CelType.String, "string"), (CelType.Bytes, "bytes"), (CelType.Timestamp, "timestamp"),
            (CelType.Duration, "duration"),
        ];
        Implementation compare = values => Ordering.Compare(values[0], values[1]) is { } order ? BoolValue.Of(holds(order))
            : Ordering.IsNotANumber(values[0]) || Ordering.IsNotANumber(values[1]) ? BoolValue.False : ErrorValue.NoSuchOverload;
        foreach (var (type, suffix) in (IEnumerable<(CelType, string)>)[.. numbers, .. others])
        {
            table.Function(name, $"{id}_{suffix}", [type, type], CelType.Bool, compare);
        }
        foreach (var (left, right) in numbers.SelectMany(left => numbers.Where(right => right != left).Select(right => (left, right))))
        {
            table.Function(name, $"{id}_{left.Name}_{right.Name}", [left.Type, right.Type], CelType.Bool, compare);
        }
    }

    private static void AddLogic(FunctionTable table)
    {
        Implementation planned = _ => ErrorValue.NoSuchOverload;
        table.Function(Operators.And, "logical_and", [CelType.Bool, CelType.Bool], CelType.Bool, planned);
        table.Function(Operators.Or, "logical_or", [CelType.Bool, CelType.Bool], CelType.Bool, planned);
        table.Function(Operators.Conditional, "conditional", [CelType.Bool, A, A], A, planned);
        table.Function(Operators.Not, "logical_not", [CelType.Bool], CelType.Bool, values => BoolValue.Of(!((BoolValue)values[0]).Value));
        table.Add(Operators.NotStrictlyFalse, new Overload(
            "not_strictly_false", IsMember: false, [CelType.Dyn], CelType.Bool, values => BoolValue.Of(values[0] is not BoolValue { Value: false }), IsStrict: false));
    }

    private static void AddContainers(FunctionTable table)
    {
        Implementation planned = _ => ErrorValue.NoSuchOverload;
        table.Function(Operators.In, "in_list", [A, CelType.List(A)], CelType.Bool,
            values => BoolValue.Of(((ListValue)values[1]).Items().Any(values[0].IsEqualTo)));
        table.Function(Operators.In, "in_map", [A, CelType.Map(A, B)], CelType.Bool,
            values => BoolValue.Of(((MapValue)values[1]).Find(values[0]) is not null));
        table.Function(Operators.Index, "index_list", [CelType.List(A), CelType.Int], A, planned);
        table.Function(Operators.Index, "index_map", [CelType.Map(A, B), A], B, planned);
        table.Function(Operators.OptionalSelect, "select_optional_field", [CelType.Dyn, CelType.String], CelType.Optional(CelType.Dyn), planned);
        AddOptionalIndexes(table, planned);
    }

    private static void AddOptionalIndexes(FunctionTable table, Implementation planned)
    {
        CelType list = CelType.List(A), map = CelType.Map(A, B);
        table.Function(Operators.OptionalIndex, "list_optindex_optional_int", [list, CelType.Int], CelType.Optional(A), planned);
        table.Function(Operators.OptionalIndex, "optional_list_optindex_optional_int", [CelType.Optional(list), CelType.Int], CelType.Optional(A), planned);
        table.Function(Operators.OptionalIndex, "map_optindex_optional_value", [map, A], CelType.Optional(B), planned);
        table.Function(Operators.OptionalIndex, "optional_map_optindex_optional_value", [CelType.Optional(map), A], CelType.Optional(B), planned);
        table.Function(Operators.Index, "optional_list_index_int", [CelType.Optional(list), CelType.Int], CelType.Optional(A), planned);
        table.Function(Operators.Index, "optional_map_index_value", [CelType.Optional(map), A], CelType.Optional(B), planned);
    }
}
