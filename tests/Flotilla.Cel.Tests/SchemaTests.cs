using System.Text.Json.Nodes;
using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Tests;

/// <summary>Values of JSON under structural schemas.</summary>
public class SchemaTests
{
    private const string Schema =
        """
        {"type": "object", "properties": {
          "n": {"type": "integer"}, "f": {"type": "number"}, "b": {"type": "boolean"}, "s": {"type": "string", "nullable": true},
          "port": {"x-kubernetes-int-or-string": true}, "when": {"type": "string", "format": "date-time"},
          "day": {"type": "string", "format": "date"}, "span": {"type": "string", "format": "duration"}, "raw": {"type": "string", "format": "byte"},
          "namespace": {"type": "string"}, "a-b.c/d__e": {"type": "string"}, "1x": {"type": "string"},
          "labels": {"type": "object", "additionalProperties": {"type": "string"}},
          "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
          "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}}},
          "any": {"x-kubernetes-preserve-unknown-fields": true}
        }}
        """;

    [Theory]
    [InlineData("self.n + 1 == 6")]
    [InlineData("self.f == 2.0")]
    [InlineData("self.b")]
    [InlineData("!has(self.s)")]
    [InlineData("self.port == 80 && type(self.port) == int")]
    [InlineData("self.when.getFullYear() == 2020")]
    [InlineData("self.day == timestamp('2020-01-02T00:00:00Z')")]
    [InlineData("self.span == duration('90s')")]
    [InlineData("self.raw == b'hi'")]
    [InlineData("self.__namespace__ == 'ns'")]
    [InlineData("self.a__dash__b__dot__c__slash__d__underscores__e == 'odd'")]
    [InlineData("self.labels['x-y'] == '1' && 'x-y' in self.labels && self.labels.size() == 1")]
    [InlineData("self.set == ['b', 'a']")]
    [InlineData("self.set + ['a', 'c'] == ['a', 'b', 'c']")]
    [InlineData("self.ports + self.ports == self.ports")]
    [InlineData("self.ports.all(p, p.port > 0)")]
    [InlineData("self.ports.filter(p, p.name == 'http')[0].port == 80")]
    [InlineData("self.?s.orValue('none') == 'none'")]
    [InlineData("self.metadata.name == 'x' && self.kind == 'K'")]
    [InlineData("self == self")]
    public void Reads_values_as_declared(string expression)
    {
        var schema = Read();
        var compiled = Run.Kubernetes.With("self", schema.Type).Compile(expression);
        Assert.Equal("", compiled.IssueText);
        var result = compiled.Program!.Evaluate(new CelBindings().Set("self", schema.Value(Object())));
        Assert.Null(result.Error);
        Assert.True(result.IsTrue);
    }

    [Theory]
    [InlineData("self.any == 1", "undefined field 'any'")]
    [InlineData("self.metadata.labels == {}", "undefined field 'labels'")]
    [InlineData("self.n == 'a'", "found no matching overload for '_==_' applied to '(int, string)'")]
    public void Refuses_what_is_not_declared(string expression, string message) =>
        Assert.Equal(message, Assert.Single(Run.Kubernetes.With("self", Read().Type).Compile(expression).Issues).Message);

    [Theory]
    [InlineData("plain_name", "plain_name")]
    [InlineData("a__b", "a__underscores__b")]
    [InlineData("in", "__in__")]
    [InlineData("in-x", "in__dash__x")]
    [InlineData("a.b/c", "a__dot__b__slash__c")]
    [InlineData("1a", null)]
    [InlineData("a b", null)]
    [InlineData("", null)]
    public void Escapes_names(string name, string? escaped)
    {
        Assert.Equal(escaped, PropertyNames.Escape(name));
        Assert.True(escaped is null || PropertyNames.Unescape(escaped) == name);
    }

    [Fact]
    public void Json_without_a_schema_goes_both_ways()
    {
        var json = JsonNode.Parse("""{"a": [1, 2.5, "x", true, null, {"b": {}}]}""");
        Assert.True(JsonNode.DeepEquals(json, CelJson.Node(CelJson.Value(json))));
    }

    private static CelSchema Read() => CelSchema.Read(JsonNode.Parse(Schema)!.AsObject(), "selfType", isResourceRoot: true)!;

    private static JsonNode Object() => JsonNode.Parse(
        """
        {"kind": "K", "metadata": {"name": "x"}, "n": 5, "f": 2, "b": true, "s": null, "port": 80, "when": "2020-01-02T03:04:05Z",
         "day": "2020-01-02", "span": "1m30s", "raw": "aGk=", "namespace": "ns", "a-b.c/d__e": "odd", "labels": {"x-y": "1"},
         "set": ["a", "b"], "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}], "any": {"free": 1}}
        """)!;
}
