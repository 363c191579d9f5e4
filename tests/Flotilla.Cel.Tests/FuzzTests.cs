using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Tests;

/// <summary>Whatever the text, a compilation and an evaluation end, and only with issues and errors.</summary>
public class FuzzTests
{
    private static readonly string[] Pieces =
    [
        "x", "self", "foo", "1", "2u", "1.5", "'a'", "b'b'", "\"\"\"c\"\"\"", "r'\\d'", "true", "null", "[", "]", "{", "}", "(", ")", ".", ",", ":",
        "?", "+", "-", "*", "/", "%", "!", "==", "!=", "<", ">=", "&&", "||", " in ", "[?", ".?", ".size()", ".all(i, ", ".map(i, ", ".filter(i, ",
        ".exists(i, ", "has(", "self.a", "self.list", "size(", "string(", "int(", "type(", "optional.of(", "optional.none()", ".optMap(v, ",
        ".orValue(", ".matches(", ".format([", "duration(", "timestamp('2020-01-01T00:00:00Z')", "quantity('1Gi')", "ip('::1')", "cidr('10.0.0.0/8')",
        ".sum()", ".sort()", ".sortBy(e, e)", ".flatten()", "lists.range(", ".transformMap(k, v, v)", "i", "v", "e", "0x1F", "9223372036854775807",
        "`a-b`", "'\\", "#", "\n", "//", "𝒳", "dyn(", ".distinct()", ".split('')", ".join(',')", ".substring(", ".replace('', '", "semver('1.2.3')",
        "format.dns1123Label()", ".validate(", "url('https://a/b?c=d')", ".getQuery()", "sets.contains(",
    ];

    private static readonly string[] Terms =
        ["x", "self.a", "self.list", "1", "-9223372036854775807", "2u", "1.5", "'añ😀'", "b'b'", "true", "null", "[1, 2]", "{'a': 1}", "i", "optional.of(1)", "duration('1h')"];

    [Fact]
    public void Random_text_never_does_anything_else()
    {
        var random = new Random(20_260_424);
        for (var run = 0; run < 8_000; run++)
        {
            Try(string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => Pieces[random.Next(Pieces.Length)])));
        }
    }

    [Fact]
    public void Random_expressions_never_do_anything_else()
    {
        var random = new Random(7);
        var evaluated = 0;
        for (var run = 0; run < 8_000; run++)
        {
            evaluated += Try(Expression(random, 4)) ? 1 : 0;
        }
        Assert.True(evaluated > 500, $"only {evaluated} expressions were sound");
    }

    private static bool Try(string expression)
    {
        var compiled = Environment.Compile(expression);
        Assert.NotNull(compiled.IssueText);
        Assert.True(compiled.EstimatedCost.Min <= compiled.EstimatedCost.Max, expression);
        if (compiled.Program is null)
        {
            Assert.NotEmpty(compiled.Issues);
            return false;
        }
        var result = compiled.Program.Evaluate(Bindings(), 50_000);
        Assert.True(result.Value is null != result.Error is null, expression);
        return true;
    }

    private static string Expression(Random random, int depth)
    {
        if (depth == 0 || random.Next(5) == 0)
        {
            return Terms[random.Next(Terms.Length)];
        }
        string Inner() => Expression(random, depth - 1);
        string[] operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", "&&", "||", " in "];
        string[] macros = ["all", "exists", "exists_one", "map", "filter", "sortBy"];
        string[] methods = [".size()", ".sum()", ".max()", ".reverse()", ".distinct()", ".flatten()", ".isSorted()", ".lowerAscii()", ".split('')", ".hasValue()", ".value()", ".first()", ".getHours()"];
        string[] functions = ["size", "string", "int", "uint", "double", "bool", "bytes", "type", "dyn", "duration", "timestamp", "lists.range", "isIP", "isQuantity", "sets.equivalent"];
        return random.Next(9) switch
        {
            0 or 1 => $"({Inner()} {operators[random.Next(operators.Length)]} {Inner()})",
            2 => $"{Inner()}.{macros[random.Next(macros.Length)]}(i, {Inner()})",
            3 => $"{Inner()}{methods[random.Next(methods.Length)]}",
            4 => $"{functions[random.Next(functions.Length)]}({Inner()})",
            5 => $"({Inner()} ? {Inner()} : {Inner()})",
            6 => $"[{Inner()}, {Inner()}]",
            7 => $"{Inner()}[{(random.Next(2) == 0 ? "?" : "")}{Inner()}]",
            _ => $"{{{Inner()}: {Inner()}}}",
        };
    }

    private static readonly CelEnvironment Environment = Run.Kubernetes.With("x", CelType.Dyn).With("self", CelType.Object("self", new Dictionary<string, CelType>(StringComparer.Ordinal)
    {
        ["a"] = CelType.Int,
        ["list"] = CelType.List(CelType.String),
    }));

    private static CelBindings Bindings() => new CelBindings().Set("x", new IntValue(3)).Set("self", MapValue.Of(
    [
        new("a", new IntValue(1)), new("list", ListValue.Of([new StringValue("b"), new StringValue("a")])),
    ]));
}
