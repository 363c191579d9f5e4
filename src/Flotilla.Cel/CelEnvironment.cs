using Flotilla.Cel.Checking;
using Flotilla.Cel.Costs;
using Flotilla.Cel.Evaluation;
using Flotilla.Cel.Libraries;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>
/// Functions, macros, types and variables that expressions may use. Immutable and thread-safe; extending shares what is
/// common, so make one base and derive from it. <see cref="Kubernetes"/> is the dialect of Kubernetes 1.36.
/// </summary>
public sealed class CelEnvironment
{
    private readonly FunctionTable functions;
    private readonly MacroTable macros;
    private readonly IReadOnlyDictionary<string, CelType> variables;
    private readonly IReadOnlyDictionary<string, CelType> types;
    private readonly bool foldConstants;
    private readonly RegexCache regexes;

    private CelEnvironment(
        FunctionTable functions, MacroTable macros, RegexCache regexes, IReadOnlyDictionary<string, CelType> variables,
        IReadOnlyDictionary<string, CelType> types, bool foldConstants)
    {
        this.functions = functions;
        this.macros = macros;
        this.regexes = regexes;
        this.variables = variables;
        this.types = types;
        this.foldConstants = foldConstants;
    }

    /// <summary>The dialect of Kubernetes 1.36 without variables.</summary>
    public static CelEnvironment Kubernetes() => Create(KubernetesLibraries.All, foldConstants: true);

    /// <summary>The dialect in which devices are chosen: the same and <c>cel.bind</c>.</summary>
    public static CelEnvironment KubernetesDevices() => Create([.. KubernetesLibraries.All, new BindingLibrary()], foldConstants: true);

    internal static CelEnvironment Create(IEnumerable<ICelLibrary> libraries, bool foldConstants)
    {
        var (functions, macros, regexes) = (new FunctionTable(), new MacroTable(), new RegexCache());
        StandardLibrary.AddTo(functions, regexes);
        StandardMacros.AddTo(macros);
        var types = StandardLibrary.Types.ToDictionary(type => type.Name, StringComparer.Ordinal);
        foreach (var library in libraries)
        {
            library.AddTo(functions, macros, regexes);
            foreach (var type in library.Types)
            {
                types[type.Name] = type;
            }
        }
        return new CelEnvironment(functions, macros, regexes, new Dictionary<string, CelType>(StringComparer.Ordinal), types, foldConstants);
    }

    /// <summary>The same environment with one more variable.</summary>
    public CelEnvironment With(string variable, CelType type) => With([new(variable, type)]);

    /// <summary>The same environment with more variables.</summary>
    public CelEnvironment With(IEnumerable<KeyValuePair<string, CelType>> declared)
    {
        var all = new Dictionary<string, CelType>(variables, StringComparer.Ordinal);
        foreach (var (name, type) in declared)
        {
            all[name] = type;
        }
        return new CelEnvironment(functions, macros, regexes, all, types, foldConstants);
    }

    /// <summary>The same environment with object types that expressions may build, like <c>JSONPatch{op: "add"}</c>.</summary>
    public CelEnvironment WithTypes(IEnumerable<CelType> built)
    {
        var all = new Dictionary<string, CelType>(types, StringComparer.Ordinal);
        foreach (var type in built)
        {
            all[type.Name] = type;
        }
        return new CelEnvironment(functions, macros, regexes, variables, all, foldConstants);
    }

    /// <summary>Parses, checks and plans an expression. Never throws on what the text is.</summary>
    public CompileResult Compile(string expression)
    {
        Expression tree;
        try
        {
            tree = Parser.Parse(expression, macros);
        }
        catch (SyntaxException problem)
        {
            return CompileResult.Failed(expression, [(problem.Offset, problem.Message)]);
        }
        var errors = new Checker(new Declarations(functions, variables, types)).Check(tree);
        errors = errors.Count > 0 ? errors : LiteralRules.Check(tree, regexes);
        return errors.Count > 0 ? CompileResult.Failed(expression, errors) : Plan(expression, tree);
    }

    private CompileResult Plan(string expression, Expression tree)
    {
        var planner = new Planner(foldConstants);
        var root = planner.Plan(tree);
        var estimate = new CostEstimator(variables.GetValueOrDefault).Estimate(tree);
        return new CompileResult(expression, new CelProgram(root, planner.Locals), [], tree.Type, estimate, Names.UsedBy(tree));
    }
}
