namespace Flotilla.Swarm.Templates;

/// <summary>A value with named fields, as Go's structs: who asks for another field is refused. Maps are dictionaries.</summary>
internal sealed record TemplateStruct(string Type, IReadOnlyDictionary<string, object?> Fields);

/// <summary>What an expression sees: the dot, variables and functions.</summary>
internal sealed class TemplateScope(object? root, IReadOnlyDictionary<string, Func<IReadOnlyList<object?>, object?>> functions)
{
    private readonly List<(string Name, object? Value)> variables = [("", root)];

    public object? Dot { get; set; } = root;

    /// <summary>How many variables there are, to go back to at the end of a block.</summary>
    public int Depth
    {
        get => variables.Count;
        set => variables.RemoveRange(value, variables.Count - value);
    }

    public void Declare(string name, object? value) => variables.Add((name, value));

    public void Assign(string name, object? value) => variables[IndexOf(name)] = (name, value);

    public object? Variable(string name) => variables[IndexOf(name)].Value;

    public object? Call(string name, IReadOnlyList<object?> arguments) => functions.TryGetValue(name, out var function) ? function(arguments)
        : TemplateFunctions.All.TryGetValue(name, out var common) ? common(arguments)
        : throw new TemplateException($"template: expansion:1: function \"{name}\" not defined");

    private int IndexOf(string name) => variables.FindLastIndex(variable => variable.Name == name) is >= 0 and var at ? at : throw new TemplateException($"template: expansion:1: undefined variable \"${name}\"");
}
