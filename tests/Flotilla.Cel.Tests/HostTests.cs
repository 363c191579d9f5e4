using System.Text.Json.Nodes;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Tests;

/// <summary>What a host can bring: variables, types and lazily made values.</summary>
public class HostTests
{
    [Fact]
    public void Values_are_made_at_their_first_use_and_only_once()
    {
        var made = 0;
        var program = Run.Kubernetes.With("x", CelType.Int).With("unused", CelType.Int).Compile("x + x == 4").Program!;
        var bindings = new CelBindings()
            .Set("x", () =>
            {
                made++;
                return new IntValue(2);
            })
            .Set("unused", () => throw new InvalidOperationException("never asked for"));

        Assert.True(program.Evaluate(bindings).IsTrue);
        Assert.Equal(1, made);
    }

    [Fact]
    public void A_variable_without_a_value_is_an_error() =>
        Assert.Equal("no such attribute(s): x", Run.Kubernetes.With("x", CelType.Int).Compile("x == 1").Program!.Evaluate(new CelBindings()).Error);

    [Fact]
    public void A_dotted_variable_is_one_name()
    {
        var environment = Run.Kubernetes.With("authorizer", CelType.Dyn).With("authorizer.requestResource", CelType.String);
        var compiled = environment.Compile("authorizer.requestResource == 'pods'");

        Assert.Equal(["authorizer.requestResource"], compiled.Variables);
        Assert.True(compiled.Program!.Evaluate(new CelBindings().Set("authorizer.requestResource", new StringValue("pods"))).IsTrue);
    }

    [Fact]
    public void Expressions_build_objects_of_declared_types()
    {
        var patch = CelType.Object("JSONPatch", new Dictionary<string, CelType>(StringComparer.Ordinal)
        {
            ["op"] = CelType.String,
            ["path"] = CelType.String,
            ["value"] = CelType.Dyn,
        });
        var environment = Run.Kubernetes.WithTypes([patch]);
        var value = Run.Value(environment, """[JSONPatch{op: "add", path: "/a/" + jsonpatch.escapeKey("b/c"), ?value: optional.of([1])}]""", new CelBindings());

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""[{"op": "add", "path": "/a/b~1c", "value": [1]}]"""), CelJson.Node(value)));
        Assert.Contains("undefined field 'oops'", environment.Compile("JSONPatch{oops: 1}").IssueText, StringComparison.Ordinal);
        Assert.Contains(
            "expected type of field 'op' is 'string' but provided type is 'int'", environment.Compile("JSONPatch{op: 1}").IssueText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_are_shared_between_threads()
    {
        var program = Run.Kubernetes.With("n", CelType.Int).Compile("lists.range(200).map(i, i * n).sum() == 19900 * n").Program!;
        var results = await Task.WhenAll(Enumerable.Range(1, 8).Select(n => Task.Run(() => program.Evaluate(new CelBindings().Set("n", new IntValue(n))))));
        Assert.All(results, result => Assert.True(result.IsTrue));
    }
}
