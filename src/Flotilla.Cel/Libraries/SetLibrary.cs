using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Lists looked at as sets.</summary>
internal sealed class SetLibrary : ICelLibrary
{
    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        Add(functions, "contains", Contains);
        Add(functions, "equivalent", (left, right) => Contains(left, right) && Contains(right, left));
        Add(functions, "intersects", (left, right) => new HashSet<CelValue>(right.Items(), KeyComparer.Instance).Overlaps(left.Items()));
    }

    private static void Add(FunctionTable functions, string name, Func<ListValue, ListValue, bool> test)
    {
        var list = CelType.List(CelType.Parameter("T"));
        functions.Function($"sets.{name}", $"list_sets_{name}_list", [list, list], CelType.Bool,
            values => BoolValue.Of(test((ListValue)values[0], (ListValue)values[1])));
    }

    private static bool Contains(ListValue list, ListValue part) =>
        new HashSet<CelValue>(list.Items(), KeyComparer.Instance).IsSupersetOf(part.Items());
}

/// <summary>Keys of JSON patches.</summary>
internal sealed class JsonPatchLibrary : ICelLibrary
{
    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes) =>
        functions.Function("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", [CelType.String], CelType.String,
            values => new StringValue(StringLibrary.Of(values[0])
                .Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
}
