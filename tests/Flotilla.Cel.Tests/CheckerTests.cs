using Flotilla.Cel.Types;

namespace Flotilla.Cel.Tests;

public class CheckerTests
{
    [Theory]
    [InlineData("foo", "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo\n | ^")]
    [InlineData("1 + 'a'", "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^")]
    [InlineData("1 == 1.0", "ERROR: <input>:1:3: found no matching overload for '_==_' applied to '(int, double)'\n | 1 == 1.0\n | ..^")]
    [InlineData("foo(1)", "ERROR: <input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^")]
    [InlineData("'a'.size(1)", "ERROR: <input>:1:9: found no matching overload for 'size' applied to 'string.(int)'\n | 'a'.size(1)\n | ........^")]
    [InlineData("[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^")]
    [InlineData("1.foo", "ERROR: <input>:1:2: type 'int' does not support field selection\n | 1.foo\n | .^")]
    [InlineData("1.all(i, true)", "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | 1.all(i, true)\n | ^")]
    [InlineData("[1].all(i, 1)", "ERROR: <input>:1:8: found no matching overload for '_&&_' applied to '(bool, int)'\n | [1].all(i, 1)\n | .......^")]
    [InlineData("1 ? 2 : 3", "ERROR: <input>:1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'\n | 1 ? 2 : 3\n | ..^")]
    [InlineData("true ?\n2 : foo", "ERROR: <input>:2:5: undeclared reference to 'foo' (in container '')\n | 2 : foo\n | ....^")]
    [InlineData("duration('x')", "ERROR: <input>:1:10: invalid duration argument\n | duration('x')\n | .........^")]
    [InlineData("duration('-')", "ERROR: <input>:1:10: invalid duration argument\n | duration('-')\n | .........^")]
    [InlineData("duration('')", "ERROR: <input>:1:10: invalid duration argument\n | duration('')\n | .........^")]
    [InlineData("'a'.matches('[')", "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('[')\n | ............^")]
    [InlineData("has(x)", "ERROR: <input>:1:5: invalid argument to has() macro\n | has(x)\n | ....^")]
    [InlineData("[1].all(1, true)", "ERROR: <input>:1:9: argument must be a simple name\n | [1].all(1, true)\n | ........^")]
    [InlineData("{'a': 1}.map(k, v, w)", "ERROR: <input>:1:17: undeclared reference to 'v' (in container '')\n | {'a': 1}.map(k, v, w)\n | ................^\nERROR: <input>:1:20: undeclared reference to 'w' (in container '')\n | {'a': 1}.map(k, v, w)\n | ...................^")]
    public void Says_what_is_wrong_and_where(string expression, string issues) => Assert.Equal(issues, Run.Issues(expression));

    [Theory]
    [InlineData("1 +", "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    [InlineData("1 2", "Syntax error: extraneous input '2' expecting <EOF>")]
    [InlineData("#", "Syntax error: token recognition error at: '#'")]
    [InlineData("'a", "Syntax error: token recognition error at: ''a'")]
    [InlineData("[1", "Syntax error: mismatched input '<EOF>' expecting ']'")]
    [InlineData("for", "reserved identifier: for")]
    [InlineData("9223372036854775808", "Syntax error: invalid int literal")]
    [InlineData("'\\q'", "Syntax error: unable to unescape string")]
    [InlineData("", "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}")]
    public void Refuses_what_is_not_an_expression(string expression, string message) =>
        Assert.Equal(message, Assert.Single(Run.Kubernetes.Compile(expression).Issues).Message);

    [Fact]
    public void Refuses_too_deep_an_expression_instead_of_overflowing_the_stack()
    {
        Assert.Contains("recursion limit", Run.Issues(new string('(', 20_000)), StringComparison.Ordinal);
        Assert.Contains("recursion limit", Run.Issues(string.Join('+', Enumerable.Repeat("1", 20_000))), StringComparison.Ordinal);
        Assert.Contains("recursion limit", Run.Issues("x" + string.Concat(Enumerable.Repeat("[0]", 20_000))), StringComparison.Ordinal);
        Run.Same("true", string.Join("&&", Enumerable.Repeat("true", 5_000)));
    }

    [Fact]
    public void Points_at_wide_characters_with_wide_marks() =>
        Assert.Equal("ERROR: <input>:1:8: undeclared reference to 'z' (in container '')\n | '日本' + z\n | .．．....^", Run.Issues("'日本' + z"));

    [Theory]
    [InlineData("self.replicas > 1", "bool")]
    [InlineData("self.labels.map(k, self.labels[k])", "list(string)")]
    [InlineData("self.?name", "optional_type(string)")]
    [InlineData("self.?name.orValue('')", "string")]
    [InlineData("[1].map(i, {i: [string(i)]})", "list(map(int, list(string)))")]
    [InlineData("self.replicas > 1 ? [1] : []", "list(int)")]
    [InlineData("{}", "map(dyn, dyn)")]
    [InlineData("timestamp(0) - timestamp(1)", "duration")]
    public void Deduces_types(string expression, string type)
    {
        var compiled = Typed().Compile(expression);
        Assert.Equal("", compiled.IssueText);
        Assert.Equal(type, compiled.OutputType.ToString());
    }

    [Fact]
    public void Knows_the_fields_of_declared_types() => Assert.Equal(
        "ERROR: <input>:1:5: undefined field 'nam'\n | self.nam == 'a'\n | ....^", Typed().Compile("self.nam == 'a'").IssueText);

    [Fact]
    public void Tells_which_variables_are_used() =>
        Assert.Equal(["self"], Typed().Compile("self.labels.all(x, x == self.name)").Variables);

    private static CelEnvironment Typed() => Run.Kubernetes.With("self", CelType.Object("selfType", new Dictionary<string, CelType>(StringComparer.Ordinal)
    {
        ["replicas"] = CelType.Int,
        ["name"] = CelType.String,
        ["labels"] = CelType.Map(CelType.String, CelType.String),
    })).With("other", CelType.Int);
}
