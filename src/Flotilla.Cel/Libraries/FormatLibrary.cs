using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Checks of text against Kubernetes' named forms; an empty optional means it fits.</summary>
internal sealed class FormatLibrary : ICelLibrary
{
    private static readonly CelType Format = NamedFormat.TypeOfFormat;

    public IEnumerable<CelType> Types => [Format];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        foreach (var (name, format) in Formats.All)
        {
            functions.Function($"format.{name}", $"format.{name}", [], Format, _ => format);
        }
        functions.Function("format.named", "format-named", [CelType.String], CelType.Optional(Format), values =>
            Formats.All.TryGetValue(StringLibrary.Of(values[0]), out var found) ? OptionalValue.Of(found) : OptionalValue.None);
        functions.Member("validate", "format-validate", [Format, CelType.String], CelType.Optional(CelType.List(CelType.String)),
            values => Validate((NamedFormat)values[0], StringLibrary.Of(values[1])));
    }

    private static OptionalValue Validate(NamedFormat format, string text)
    {
        List<CelValue> problems = [.. format.Check(text).Select(problem => new StringValue(problem))];
        return problems.Count == 0 ? OptionalValue.None : OptionalValue.Of(ListValue.Of(problems));
    }
}
