using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Macros;

/// <summary>Rewrites one form of call.</summary>
internal delegate Expression Expansion(Call call);

/// <summary>The macros an environment knows, by name, number of arguments and whether they are called on something.</summary>
internal sealed class MacroTable
{
    private readonly Dictionary<(string Name, int Arguments, bool IsMember), Expansion> expansions = [];

    public void Add(string name, int arguments, Expansion expansion, bool isMember = true) =>
        expansions[(name, arguments, isMember)] = expansion;

    public Expression Expand(Call call) =>
        expansions.TryGetValue((call.Function, call.Arguments.Count, call.Target is not null), out var expansion)
            ? expansion(call) : call;
}
