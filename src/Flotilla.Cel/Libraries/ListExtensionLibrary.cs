using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>slice, flatten, sort, sortBy, distinct, reverse and lists.range.</summary>
internal sealed class ListExtensionLibrary : ICelLibrary
{
    private const long MaxRange = 10_000_000;

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        BindingMacros.AddSortBy(macros);
        var list = CelType.List(CelType.Parameter("T"));
        functions.Member("slice", "list_slice", [list, CelType.Int, CelType.Int], list, values => Slice((ListValue)values[0], values[1], values[2]));
        functions.Method<ListValue>("flatten", "list_flatten", CelType.List(list), list, values => Flatten(values, 1));
        functions.Member("flatten", "list_flatten_int", [CelType.AnyList, CelType.Int], CelType.AnyList,
            values => Flatten((ListValue)values[0], ((IntValue)values[1]).Value));
        functions.Method<ListValue>("distinct", "list_distinct", list, list, values => ListValue.Of([.. values.Items().Distinct(KeyComparer.Instance)]));
        functions.Method<ListValue>("reverse", "list_reverse", list, list, values => ListValue.Of([.. values.Items().Reverse()]));
        functions.Function("lists.range", "lists_range", [CelType.Int], CelType.List(CelType.Int), values => Range(((IntValue)values[0]).Value));
        foreach (var (type, name) in ListLibrary.Comparable)
        {
            functions.Method<ListValue>("sort", $"list_{name}_sort", CelType.List(type), CelType.List(type), values => Sort(values, values));
            functions.Member(Operators.SortByKeys, $"list_{name}_sortByAssociatedKeys", [list, CelType.List(type)], list,
                values => Sort((ListValue)values[0], (ListValue)values[1]));
        }
    }

    private static CelValue Slice(ListValue list, CelValue from, CelValue to)
    {
        var (start, end) = (((IntValue)from).Value, ((IntValue)to).Value);
        return (start, end) switch
        {
            _ when start < 0 || end < 0 => new ErrorValue($"cannot slice({start}, {end}), negative indexes not supported"),
            _ when start > end => new ErrorValue($"cannot slice({start}, {end}), start index must be less than or equal to end index"),
            _ when list.Count < end => new ErrorValue($"cannot slice({start}, {end}), list is length {list.Count}"),
            _ => ListValue.Of([.. list.Items().Skip((int)start).Take((int)(end - start))]),
        };
    }

    private static CelValue Flatten(ListValue list, long depth)
    {
        if (depth < 0)
        {
            return new ErrorValue("level must be non-negative");
        }
        var items = list.Items().ToList();
        for (; depth > 0 && items.Exists(item => item is ListValue); depth--)
        {
            items = [.. items.SelectMany(item => item is ListValue inner ? inner.Items() : [item])];
        }
        return ListValue.Of(items);
    }

    private static CelValue Range(long count) => count switch
    {
        < 0 => new ErrorValue($"lists.range: size must be non-negative, got {count}"),
        > MaxRange => new ErrorValue($"lists.range: size {count} exceeds maximum allowed ({MaxRange})"),
        _ => new RangeList((int)count),
    };

    private static CelValue Sort(ListValue list, ListValue keys)
    {
        var items = keys.Items().Select((key, index) => (Key: key, Index: index)).ToList();
        if (items.Exists(item => item.Key.Type.Kind != items[0].Key.Type.Kind))
        {
            return new ErrorValue("list elements must have the same type");
        }
        var sorted = items.OrderBy(item => item.Key, Comparer<CelValue>.Create((left, right) => Ordering.Compare(left, right) ?? 0));
        return ListValue.Of([.. sorted.Select(item => list[item.Index])]);
    }

    /// <summary>The numbers from zero on, none of them made before it is asked for.</summary>
    private sealed class RangeList(int count) : ListValue
    {
        public override int Count => count;

        public override CelValue this[int index] => new IntValue(index);
    }
}

/// <summary>Comprehensions over two variables.</summary>
internal sealed class TwoVariableLibrary : ICelLibrary
{
    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes) => TwoVariableMacros.AddTo(macros);
}
