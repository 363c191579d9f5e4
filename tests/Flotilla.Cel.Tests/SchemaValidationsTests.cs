using System.Globalization;
using System.Text.Json.Nodes;

namespace Flotilla.Cel.Tests;

/// <summary>x-kubernetes-validations: what a definition may say, and what objects may not.</summary>
public class SchemaValidationsTests
{
    private const string Root = "spec.versions[0].schema.openAPIV3Schema";

    [Fact]
    public void Says_what_upstream_says_of_objects()
    {
        var rules = Spec("""{"n": {"type": "integer"}, "m": {"type": "integer"}}""", """{"rule": "self.n < 10", "message": " n too big "}, {"rule": "!has(oldSelf.n) || self.n >= oldSelf.n"}""");

        Assert.Equal(["spec: Invalid value: n too big"], Validate(rules, """{"n": 11}"""));
        Assert.Equal(["spec: Invalid value: failed rule: !has(oldSelf.n) || self.n >= oldSelf.n"], Validate(rules, """{"n": 1}""", """{"n": 2}"""));
        Assert.Empty(Validate(rules, """{"n": 2}""", """{"n": 2}"""));
        Assert.Equal(["spec: Invalid value: \"object\": no such key: n evaluating rule: n too big"], Validate(rules, """{"m": 1}"""));
    }

    [Fact]
    public void Shows_scalars_and_leaves_out_objects()
    {
        var rules = Spec("""{"port": {"x-kubernetes-int-or-string": true, "x-kubernetes-validations": [{"rule": "self >= 0"}]}, "name": {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'bad'", "message": "bad name"}]}}""", "");

        Assert.Equal(["spec.name: Invalid value: \"bad\": bad name"], Validate(rules, """{"name": "bad"}"""));
        Assert.Equal(["spec.port: Invalid value: -1: failed rule: self >= 0"], Validate(rules, """{"port": -1}"""));
        Assert.Equal(
            ["spec.port: Invalid value: \"\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self >= 0"],
            Validate(rules, """{"port": "80"}"""));
    }

    [Theory]
    [InlineData("\"reason\": \"FieldValueForbidden\"", "spec: Forbidden: failed rule: self.n > 0")]
    [InlineData("\"reason\": \"FieldValueRequired\", \"message\": \"need n\"", "spec: Required value: need n")]
    [InlineData("\"reason\": \"FieldValueDuplicate\"", "spec: Duplicate value")]
    [InlineData("\"fieldPath\": \".n\"", "spec.n: Invalid value: failed rule: self.n > 0")]
    [InlineData("\"messageExpression\": \"'n is %d'.format([self.n])\"", "spec: Invalid value: n is -1")]
    [InlineData("\"messageExpression\": \"string(1 / (self.n + 1))\"", "spec: Invalid value: failed rule: self.n > 0")]
    [InlineData("\"messageExpression\": \"' '\", \"message\": \"plain\"", "spec: Invalid value: plain")]
    public void Reports_as_the_rule_asks(string extra, string error) =>
        Assert.Equal([error], Validate(Spec("""{"n": {"type": "integer"}}""", $$"""{"rule": "self.n > 0", {{extra}}}"""), """{"n": -1}"""));

    [Fact]
    public void Walks_lists_and_maps()
    {
        var rules = Spec(
            """
            {"list": {"type": "array", "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0"}]}},
             "map": {"type": "object", "additionalProperties": {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''"}]}}}
            """, "");
        Assert.Equal(
            ["spec.list[1]: Invalid value: 0: failed rule: self > 0", "spec.map[k]: Invalid value: \"\": failed rule: self != ''"],
            Validate(rules, """{"list": [1, 0], "map": {"k": "", "j": "x"}}"""));
    }

    [Fact]
    public void Old_items_are_found_by_their_keys()
    {
        var rules = Spec(
            """
            {"ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
              "items": {"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.n >= oldSelf.n"}]}}}
            """, "");
        const string Old = """{"ports": [{"name": "a", "n": 1}, {"name": "b", "n": 5}]}""";

        Assert.Empty(Validate(rules, """{"ports": [{"name": "b", "n": 6}, {"name": "new", "n": 0}, {"name": "a", "n": 1}]}""", Old));
        Assert.Equal(["spec.ports[0]: Invalid value: failed rule: self.n >= oldSelf.n"], Validate(rules, """{"ports": [{"name": "b", "n": 4}]}""", Old));
    }

    [Fact]
    public void An_optional_old_value_runs_the_rule_on_creation_too()
    {
        var rules = Spec("""{"n": {"type": "integer"}}""", """{"rule": "oldSelf.hasValue() || self.n == 1", "optionalOldSelf": true}""");
        Assert.Equal(["spec: Invalid value: failed rule: oldSelf.hasValue() || self.n == 1"], Validate(rules, """{"n": 2}"""));
        Assert.Empty(Validate(rules, """{"n": 2}""", """{"n": 2}"""));
    }

    [Fact]
    public void What_has_not_changed_is_excused()
    {
        var rules = Spec("""{"name": {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'bad'"}]}, "n": {"type": "integer"}}""", "");
        Assert.Empty(Validate(rules, """{"name": "bad", "n": 2}""", """{"name": "bad", "n": 1}"""));
        Assert.Single(Validate(rules, """{"name": "bad"}""", """{"name": "good"}"""));
    }

    [Fact]
    public void Stops_when_the_budget_is_spent()
    {
        var rules = Spec("""{"n": {"type": "integer"}}""", """{"rule": "lists.range(1000).all(a, lists.range(1000).all(b, a + b >= self.n))"}, {"rule": "false"}""");
        Assert.Equal(
            ["spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: lists.range(1000).all(a, lists.range(1000).all(b, a + b >= self.n))"],
            Validate(rules, """{"n": 0}"""));

        var many = Spec(
            """{"list": {"type": "array", "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "lists.range(300).all(a, lists.range(300).all(b, a + b >= self))"}]}}}""", "");
        var errors = Validate(many, $$"""{"list": [{{string.Join(",", Enumerable.Repeat("0", 40))}}]}""");
        Assert.EndsWith("Invalid value: \"integer\": validation failed due to running out of cost budget, no further validation rules will be run", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"rule": "self.x > 0"}""", ".rule: Invalid value: {\"Rule\":\"self.x \\u003e 0\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | self.x > 0\n | ....^")]
    [InlineData("""{"rule": "self.n"}""", ".rule: Invalid value: {\"Rule\":\"self.n\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: cel expression must evaluate to a bool")]
    [InlineData("""{"rule": " "}""", ".rule: Required value: rule is not specified")]
    [InlineData("""{"rule": "true\n", "message": " "}""", ".message: Invalid value: \" \": message must be non-empty if specified")]
    [InlineData("""{"rule": "true &&\ntrue"}""", ".message: Required value: message must be specified if rule contains line breaks")]
    [InlineData("""{"rule": "true", "reason": "Nonsense"}""", ".reason: Unsupported value: \"Nonsense\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"")]
    [InlineData("""{"rule": "true", "fieldPath": ".missing"}""", ".fieldPath: Invalid value: \".missing\": fieldPath must be a valid path")]
    [InlineData("""{"rule": "true", "optionalOldSelf": true}""", ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")]
    public void Refuses_bad_rules(string rule, string error)
    {
        var compiled = SchemaValidations.Compile(SpecSchema("""{"n": {"type": "integer"}}""", rule), Root);
        Assert.Equal($"{Root}.properties[spec].x-kubernetes-validations[0]{error}", Assert.Single(compiled.Errors).ToString());
    }

    [Fact]
    public void Refuses_transition_rules_where_nothing_correlates()
    {
        var schema = SpecSchema("""{"list": {"type": "array", "maxItems": 10, "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}}}""", "");
        Assert.Equal(
            $"{Root}.properties[spec].properties[list].items.x-kubernetes-validations[0].rule: Invalid value: \"self >= oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within {Root}.properties[spec].properties[list].items",
            Assert.Single(SchemaValidations.Compile(schema, Root).Errors).ToString());
    }

    [Fact]
    public void Refuses_rules_without_bounds()
    {
        var schema = SpecSchema("""{"tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": "self.all(x, x.contains('gpu'))"}]}}""", "");
        const string Hint = "exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
        const string Rule = $"{Root}.properties[spec].properties[tags].x-kubernetes-validations[0].rule";
        Assert.Equal(
            [
                $"{Rule}: Forbidden: estimated rule cost {Hint}",
                $"{Rule}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
                $"{Root}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema {Hint}",
            ],
            SchemaValidations.Compile(schema, Root).Errors.Select(error => error.ToString()));
    }

    /// <summary>The largest bounds upstream accepts, measured on its own validator.</summary>
    [Theory]
    [InlineData(16, 909_090)]
    [InlineData(63, 333_333)]
    [InlineData(253, 94_339)]
    [InlineData(1024, 24_154)]
    public void Estimates_to_the_unit(int maxLength, int maxItems)
    {
        JsonObject Schema(int items) => SpecSchema(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"tags": {"type": "array", "maxItems": {{items}}, "items": {"maxLength": {{maxLength}}, "type": "string"}, "x-kubernetes-validations": [{"rule": "self.all(x, x.contains('gpu'))"}] } }"""), "");
        Assert.Empty(SchemaValidations.Compile(Schema(maxItems), Root).Errors);
        Assert.Contains("exceeds budget by factor of 1.0000", Assert.Single(SchemaValidations.Compile(Schema(maxItems + 1), Root).Errors).Body, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_without_rules_has_nothing_to_do() => Assert.True(SchemaValidations.Compile(SpecSchema("{}", ""), Root).IsEmpty);

    private static SchemaValidations Spec(string properties, string rules)
    {
        var compiled = SchemaValidations.Compile(SpecSchema(properties, rules), Root);
        Assert.DoesNotContain(compiled.Errors, error => !error.Body.Contains("exceed", StringComparison.Ordinal));
        return compiled;
    }

    private static JsonObject SpecSchema(string properties, string rules) => JsonNode.Parse(
        $$"""{"type": "object", "properties": {"spec": {"type": "object", "properties": {{properties}}, "x-kubernetes-validations": [{{rules}}] } } }""")!.AsObject();

    private static IEnumerable<string> Validate(SchemaValidations rules, string spec, string? old = null) =>
        rules.Validate(Wrap(spec), old is null ? null : Wrap(old)).Select(error => error.ToString());

    private static JsonObject Wrap(string spec) => JsonNode.Parse($$"""{"apiVersion": "a/v1", "kind": "K", "metadata": {"name": "x"}, "spec": {{spec}} }""")!.AsObject();
}
