using Flotilla.Cel.Costs;
using Flotilla.Cel.Libraries;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Tests;

/// <summary>Upstream's cost figures: estimated least and most, and what an evaluation costs, without folding of constants.</summary>
public class CostTests
{
    private const string Ints = "[1, 2, 3, 4, 5]";
    private const string Uints = "[uint(1), uint(2), uint(3), uint(4), uint(5)]";
    private const string Text = "'01234567890123456789012345678901234567890123456789'";

    private static readonly CelEnvironment Unfolded = CelEnvironment.Create(KubernetesLibraries.All, foldConstants: false);

    [Theory]
    [InlineData(Ints + ".sum()", 15, 15, 15)]
    [InlineData(Uints + ".sum()", 20, 20, 20)]
    [InlineData(Ints + ".max()", 15, 15, 15)]
    [InlineData(Ints + ".indexOf(3)", 15, 15, 15)]
    [InlineData(Uints + ".lastIndexOf(uint(3))", 21, 21, 21)]
    [InlineData(Text + ".indexOf('123')", 5, 5, 5)]
    [InlineData("url('https:://kubernetes.io/').getHost()", 4, 4, 4)]
    [InlineData("ip('192.168.0.1')", 2, 2, 2)]
    [InlineData("ip('2001:db8:3333:4444:5555:6666:7777:8888')", 4, 4, 4)]
    [InlineData("ip('192.168.0.1').family()", 3, 3, 3)]
    [InlineData("ip('192.168.0.1') == ip('192.168.0.1')", 5, 5, 5)]
    [InlineData("ip.isCanonical('192.168.0.1')", 3, 3, 3)]
    [InlineData("ip.isCanonical('2001:db8:3333:4444:5555:6666:7777:8888')", 8, 8, 8)]
    [InlineData("cidr('192.168.0.0/16')", 2, 2, 2)]
    [InlineData("cidr('192.168.0.0/16').prefixLength()", 3, 3, 3)]
    [InlineData("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7, 11, 7)]
    [InlineData("cidr('192.168.0.0/16').containsCIDR('192.168.0.0/16')", 7, 11, 7)]
    [InlineData("cidr('192.168.0.0/16').containsIP(ip('192.0.0.1'))", 4, 7, 4)]
    [InlineData("cidr('192.168.0.0/16').containsIP('192.169.0.1')", 5, 8, 5)]
    public void Matches_upstreams_figures(string expression, long least, long most, long actual)
    {
        var compiled = Unfolded.Compile(expression);
        Assert.True(compiled.Program is not null, compiled.IssueText);
        Assert.Equal(new CostRange((ulong)least, (ulong)most), compiled.EstimatedCost);
        Assert.Equal((ulong)actual, compiled.Program.Evaluate(new CelBindings()).Cost);
    }

    [Theory]
    [InlineData("self", 1)]
    [InlineData("self.a.b", 3)]
    [InlineData("has(self.a)", 1)]
    [InlineData("has(self.a.b)", 2)]
    [InlineData("self['a']", 2)]
    [InlineData("self.list[self.a.n]", 5)]
    [InlineData("self.a == self.a", 5)]
    [InlineData("true ? self.a : self.b", 1)]
    [InlineData("self.text == 'abcdefghijklmnop'", 4)]
    [InlineData("self.list.all(i, i > 0)", 13)]
    [InlineData("self.list.map(i, i)", 29)]
    [InlineData("1 in [1, 2, 3]", 0)]
    [InlineData("[1, 2, 3].size()", 1)]
    [InlineData("timestamp('2020-01-01T00:00:00Z') == timestamp(0)", 1)]
    public void Counts_steps_and_folds_constants(string expression, long cost)
    {
        var compiled = Run.Kubernetes.With("self", CelType.Dyn).Compile(expression);
        Assert.True(compiled.Program is not null, compiled.IssueText);
        var result = compiled.Program.Evaluate(new CelBindings().Set("self", Self()));
        Assert.Null(result.Error);
        Assert.Equal((ulong)cost, result.Cost);
    }

    [Fact]
    public void Estimates_from_the_bounds_of_types()
    {
        var self = CelType.Object("self", new Dictionary<string, CelType>(StringComparer.Ordinal)
        {
            ["names"] = CelType.List(CelType.String.WithMaxElements(40)).WithMaxElements(10),
            ["free"] = CelType.List(CelType.String),
            ["text"] = CelType.String.WithMaxElements(100),
        });
        var environment = Run.Kubernetes.With("self", self);

        Assert.Equal(new CostRange(3, 53), environment.Compile("self.names.all(n, n == 'x')").EstimatedCost);
        Assert.Equal(new CostRange(2, 52), environment.Compile("self.names.isSorted()").EstimatedCost);
        Assert.Equal(new CostRange(4, 24), environment.Compile("self.text.matches('[a-z]+')").EstimatedCost);
        Assert.Equal(ulong.MaxValue, environment.Compile("self.free.all(n, n == 'x')").EstimatedCost.Max);
    }

    [Fact]
    public void Stops_at_the_limit()
    {
        var program = Run.Kubernetes.Compile("lists.range(1000).all(a, lists.range(1000).all(b, a + b >= 0))").Program!;
        var result = program.Evaluate(new CelBindings());

        Assert.True(result.IsCostExceeded);
        Assert.Equal("operation cancelled: actual cost limit exceeded", result.Error);
        Assert.InRange(result.Cost, CelProgram.PerCallLimit + 1, CelProgram.PerCallLimit + 10);
    }

    [Theory]
    [InlineData("lists.range(200000).distinct().size() == 200000")]
    [InlineData("sets.equivalent(lists.range(200000), lists.range(200000).reverse())")]
    [InlineData("[lists.range(100000).map(i, [i])].all(l, l.distinct().size() > 0)")]
    public void Work_that_costs_too_much_still_ends_soon(string expression)
    {
        var result = Run.Kubernetes.Compile(expression).Program!.Evaluate(new CelBindings());
        Assert.True(result.IsCostExceeded);
    }

    [Fact]
    public void Long_literals_compile_in_linear_time() =>
        Assert.NotNull(Run.Kubernetes.Compile("[" + string.Join(",", Enumerable.Repeat("[]", 30_000)) + "].size() > 0").Program);

    [Fact]
    public void Stops_when_cancelled()
    {
        var program = Run.Kubernetes.Compile("[1, 2].all(i, i > 0)").Program!;
        Assert.Throws<OperationCanceledException>(() => program.Evaluate(new CelBindings(), cancellationToken: new CancellationToken(canceled: true)));
    }

    private static MapValue Self() => MapValue.Of(
    [
        new("a", MapValue.Of([new("b", new IntValue(1)), new("n", new IntValue(0))])),
        new("b", new IntValue(1)),
        new("list", ListValue.Of([new IntValue(1), new IntValue(2)])),
        new("text", new StringValue("abcdefghijklmnop")),
    ]);
}
