using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Libraries;

/// <summary>A set of functions, macros and named types an environment can have.</summary>
internal interface ICelLibrary
{
    IEnumerable<CelType> Types => [];

    void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes);
}
