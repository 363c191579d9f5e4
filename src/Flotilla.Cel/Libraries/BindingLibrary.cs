using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;

namespace Flotilla.Cel.Libraries;

/// <summary><c>cel.bind</c>: known where devices are chosen, not in the rules of schemas and policies.</summary>
internal sealed class BindingLibrary : ICelLibrary
{
    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes) => BindingMacros.AddBind(macros);
}
