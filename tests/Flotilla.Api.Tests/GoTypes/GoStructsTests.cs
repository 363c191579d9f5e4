using Flotilla.Api.GoTypes;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Tests.GoTypes;

public sealed class GoStructsTests
{
    [Fact]
    public void Every_field_of_a_pod_template_has_its_place_in_the_Go_layout()
    {
        var differences = new List<string>();
        Compare("PodTemplateSpec", SchemaTable.BuiltIn["core.v1.PodTemplateSpec"], [], differences);
        Assert.Empty(differences);
    }

    [Theory]
    [InlineData("VolumeSource")]
    [InlineData("ServiceAccountTokenProjection")]
    public void The_versionless_layout_has_the_same_fields(string name) => Assert.Equal(
        GoStructs.BuiltIn[name].Fields.Select(field => field.Name).Order(StringComparer.Ordinal),
        GoStructs.BuiltIn.Versionless(name).Fields.Select(field => field.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void The_versionless_pod_keeps_what_it_shares_with_its_host_in_the_security_context()
    {
        var spec = FieldsOf(GoStructs.BuiltIn.Versionless("PodSpec")).Union(FieldsOf(GoStructs.BuiltIn.Versionless("PodSecurityContext")));
        var v1 = FieldsOf(GoStructs.BuiltIn["PodSpec"]).Union(FieldsOf(GoStructs.BuiltIn["PodSecurityContext"])).Except(["serviceAccount"]);
        Assert.Equal(v1.Order(StringComparer.Ordinal), spec.Order(StringComparer.Ordinal));
    }

    private static void Compare(string name, TypeSchema schema, HashSet<string> seen, List<string> differences)
    {
        if (!seen.Add(name) || name == "FieldsV1")
        {
            return;
        }

        var fields = Flatten(GoStructs.BuiltIn[name]).ToDictionary(field => field.Json, StringComparer.Ordinal);
        differences.AddRange(schema.Fields.Keys.Except(fields.Keys).Select(json => $"{name} lacks {json}"));
        differences.AddRange(fields.Keys.Except(schema.Fields.Keys).Select(json => $"{name} has {json}"));
        foreach (var (json, field) in fields)
        {
            if (!schema.Fields.TryGetValue(json, out var known))
            {
                continue;
            }

            if (KindOf(field.Type.Kind) != KindOf(known.Value.Kind))
            {
                differences.Add($"{name}.{json}: {field.Type.Kind} is {known.Value.Kind}");
            }

            if ((known.Value.Element ?? known.Value).Type is { } inner)
            {
                Compare((field.Type.Element ?? field.Type).Name[3..], inner, seen, differences);
            }
        }
    }

    private static IEnumerable<GoField> Flatten(GoStruct layout) => layout.Fields.SelectMany(field =>
        field.Place == GoPlace.Inline ? Flatten(GoStructs.BuiltIn[field.Type.Name]) : [field]);

    private static IEnumerable<string> FieldsOf(GoStruct layout) => layout.Fields.Select(field => field.Json);

    private static string KindOf(GoKind kind) => kind == GoKind.Struct ? "Object" : kind.ToString();

    private static string KindOf(ValueKind kind) => kind is ValueKind.Int32 or ValueKind.Int64 ? "Integer" : kind.ToString();
}
