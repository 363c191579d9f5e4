using Flotilla.Cel.Libraries;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Tests;

/// <summary>Compiles and evaluates in one step.</summary>
internal static class Run
{
    public static readonly CelEnvironment Kubernetes = CelEnvironment.Kubernetes();

    private static readonly CelEnvironment WithDyn = Kubernetes.With("x", CelType.Dyn).With("y", CelType.Dyn);

    public static CelValue Value(string expression) => Value(WithDyn, expression, Dyns());

    public static CelValue Value(CelEnvironment environment, string expression, CelBindings bindings)
    {
        var compiled = environment.Compile(expression);
        Assert.True(compiled.Program is not null, compiled.IssueText);
        var result = compiled.Program.Evaluate(bindings);
        Assert.True(result.Error is null, $"{expression}: {result.Error}");
        return result.Value!;
    }

    public static string Error(string expression)
    {
        var compiled = WithDyn.Compile(expression);
        Assert.True(compiled.Program is not null, compiled.IssueText);
        return compiled.Program.Evaluate(Dyns()).Error ?? "no error";
    }

    public static string Issues(string expression) => WithDyn.Compile(expression).IssueText;

    public static void Same(string expected, string expression)
    {
        var (want, found) = (Value(expected), Value(expression));
        Assert.Equal(want.Type.Kind, found.Type.Kind);
        Assert.True(want.IsEqualTo(found), $"{expression} is not {expected} but {TextFormat.Format("%s", ListValue.Of([found])) switch
        {
            StringValue text => text.Value,
            _ => found.Type.Name,
        }}");
    }

    private static CelBindings Dyns() => new CelBindings()
        .Set("x", new IntValue(7))
        .Set("y", MapValue.Of([new("a", new IntValue(1)), new("name", new StringValue("top")), new("list", ListValue.Of([new IntValue(1), new StringValue("two")]))]));
}
