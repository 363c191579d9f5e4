using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>The names an expression may use: variables, types and functions.</summary>
internal sealed class Declarations(
    FunctionTable functions, IReadOnlyDictionary<string, CelType> variables, IReadOnlyDictionary<string, CelType> types)
{
    public FunctionTable Functions => functions;

    public CelType? Variable(string name) => variables.GetValueOrDefault(name);

    public TypeValue? NamedType(string name) => types.TryGetValue(name, out var type) ? new TypeValue(type) : null;
}
