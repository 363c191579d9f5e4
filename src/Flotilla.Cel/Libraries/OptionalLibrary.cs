using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Values that may be absent.</summary>
internal sealed class OptionalLibrary : ICelLibrary
{
    private static readonly CelType Item = CelType.Parameter("V");
    private static readonly CelType Maybe = CelType.Optional(Item);

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        BindingMacros.AddOptionals(macros);
        functions.Function("optional.none", "optional_none", [], Maybe, _ => OptionalValue.None);
        functions.Function("optional.of", "optional_of", [Item], Maybe, values => OptionalValue.Of(values[0]));
        functions.Function("optional.ofNonZeroValue", "optional_ofNonZeroValue", [Item], Maybe, values => OptionalValue.OfNonZero(values[0]));
        functions.Method<OptionalValue>("hasValue", "optional_hasValue", Maybe, CelType.Bool, optional => BoolValue.Of(optional.Value is not null));
        functions.Method<OptionalValue>("value", "optional_value", Maybe, Item,
            optional => optional.Value ?? new ErrorValue("optional.none() dereference"));
        functions.Member("or", "optional_or_optional", [Maybe, Maybe], Maybe,
            values => ((OptionalValue)values[0]).Value is null ? values[1] : values[0]);
        functions.Member("orValue", "optional_orValue_value", [Maybe, Item], Item,
            values => ((OptionalValue)values[0]).Value ?? values[1]);
        AddLists(functions);
    }

    private static void AddLists(FunctionTable functions)
    {
        var list = CelType.List(Item);
        functions.Method<ListValue>("first", "list_first", list, Maybe, items => items.Count == 0 ? OptionalValue.None : OptionalValue.Of(items[0]));
        functions.Method<ListValue>("last", "list_last", list, Maybe, items => items.Count == 0 ? OptionalValue.None : OptionalValue.Of(items[items.Count - 1]));
        functions.Function("optional.unwrap", "optional_unwrap", [CelType.List(Maybe)], list, values => Unwrap((ListValue)values[0]));
        functions.Method<ListValue>("unwrapOpt", "optional_unwrapOpt", CelType.List(Maybe), list, Unwrap);
    }

    private static ListValue Unwrap(ListValue optionals) =>
        ListValue.Of([.. optionals.Items().OfType<OptionalValue>().Select(optional => optional.Value).OfType<CelValue>()]);
}
