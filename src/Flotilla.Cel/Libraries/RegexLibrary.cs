using System.Text.RegularExpressions;
using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>find and findAll.</summary>
internal sealed class RegexLibrary : ICelLibrary
{
    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        CelType text = CelType.String, list = CelType.List(text);
        functions.Member("find", "string_find_string", [text, text], text,
            values => With(regexes, values, regex => new StringValue(regex.Match(StringLibrary.Of(values[0])).Value)));
        functions.Member("findAll", "string_find_all_string", [text, text], list,
            values => With(regexes, values, regex => FindAll(regex, StringLibrary.Of(values[0]), -1)));
        functions.Member("findAll", "string_find_all_string_int", [text, text, CelType.Int], list,
            values => With(regexes, values, regex => FindAll(regex, StringLibrary.Of(values[0]), ((IntValue)values[2]).Value)));
    }

    private static CelValue With(RegexCache regexes, CelValue[] values, Func<Regex, CelValue> use) =>
        regexes.Get(StringLibrary.Of(values[1]), out var error) is { } regex ? use(regex)
        : new ErrorValue($"Illegal regex: {error}");

    private static ListValue FindAll(Regex regex, string text, long limit)
    {
        var matches = regex.Matches(text).Select(match => new StringValue(match.Value));
        return ListValue.Of([.. limit < 0 ? matches : matches.Take((int)Math.Min(limit, int.MaxValue))]);
    }
}
