using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>The functions of an environment by name. Filled by libraries, then only read.</summary>
internal sealed class FunctionTable
{
    private readonly Dictionary<string, List<Overload>> functions = new(StringComparer.Ordinal);

    public IReadOnlyList<Overload>? Find(string name) => functions.GetValueOrDefault(name);

    public void Function(string name, string id, CelType[] arguments, CelType result, Implementation call) =>
        Add(name, new Overload(id, IsMember: false, arguments, result, call));

    public void Member(string name, string id, CelType[] arguments, CelType result, Implementation call) =>
        Add(name, new Overload(id, IsMember: true, arguments, result, call));

    /// <summary>A method without arguments on one type of value.</summary>
    public void Method<T>(string name, string id, CelType target, CelType result, Func<T, CelValue> call)
        where T : CelValue =>
        Member(name, id, [target], result, values => call((T)values[0]));

    public void Add(string name, Overload overload)
    {
        if (!functions.TryGetValue(name, out var overloads))
        {
            functions[name] = overloads = [];
        }
        overloads.Add(overload);
    }
}
