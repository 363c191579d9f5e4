using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Semantic versions.</summary>
internal sealed class SemverLibrary : ICelLibrary
{
    private static readonly CelType Semver = SemverValue.OfSemver;

    public IEnumerable<CelType> Types => [Semver];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Function("semver", "string_to_semver", [CelType.String], Semver, values => SemverValue.Parse(StringLibrary.Of(values[0]), normalize: false));
        functions.Function("semver", "string_bool_to_semver", [CelType.String, CelType.Bool], Semver, Parse);
        functions.Function("isSemver", "is_semver_string", [CelType.String], CelType.Bool, values => BoolValue.Of(SemverValue.Parse(StringLibrary.Of(values[0]), normalize: false) is SemverValue));
        functions.Function("isSemver", "is_semver_string_bool", [CelType.String, CelType.Bool], CelType.Bool, values => BoolValue.Of(Parse(values) is SemverValue));
        functions.Method<SemverValue>("major", "semver_major", Semver, CelType.Int, version => new IntValue((long)version.Major));
        functions.Method<SemverValue>("minor", "semver_minor", Semver, CelType.Int, version => new IntValue((long)version.Minor));
        functions.Method<SemverValue>("patch", "semver_patch", Semver, CelType.Int, version => new IntValue((long)version.Patch));
        Compare(functions, "isGreaterThan", "semver_is_greater_than", CelType.Bool, order => BoolValue.Of(order > 0));
        Compare(functions, "isLessThan", "semver_is_less_than", CelType.Bool, order => BoolValue.Of(order < 0));
        Compare(functions, "compareTo", "semver_compare_to", CelType.Int, order => new IntValue(Math.Sign(order)));
    }

    private static CelValue Parse(CelValue[] values) => SemverValue.Parse(StringLibrary.Of(values[0]), ((BoolValue)values[1]).Value);

    private static void Compare(FunctionTable functions, string name, string id, CelType result, Func<int, CelValue> answer) =>
        functions.Member(name, id, [Semver, Semver], result, values => answer(((SemverValue)values[0]).CompareTo((SemverValue)values[1])));
}
