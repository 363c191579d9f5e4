using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class EnvironmentRules
{
    private static readonly string[] Sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

    private static readonly string[] Fields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    public static IEnumerable<FieldError> Check(JsonObject container, string path) =>
        FieldRules.Each(container, "env", path, CheckVariable).Concat(container.Objects("envFrom").SelectMany((source, i) => CheckFrom(source, $"{path}.envFrom", i)));

    private static IEnumerable<FieldError> CheckVariable(JsonObject variable, string path) =>
        FieldRules.RequiredName(variable, "name", path, Names.CheckEnvironmentName)
            .Concat(variable.Object("valueFrom") is { } source ? CheckSource(variable, source, $"{path}.valueFrom") : []);

    private static IEnumerable<FieldError> CheckSource(JsonObject variable, JsonObject source, string path)
    {
        var given = Sources.Where(name => source.Object(name) is not null).ToList();
        foreach (var error in given.SelectMany(name => CheckReference(name, source.Object(name)!, $"{path}.{name}")))
        {
            yield return error;
        }

        if (given.Count == 0)
        {
            yield return FieldError.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        }
        else if (!string.IsNullOrEmpty(variable.String("value")))
        {
            yield return FieldError.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (given.Count > 1)
        {
            yield return FieldError.Invalid(path, "", "may not have more than one field specified at a time");
        }
    }

    private static IEnumerable<FieldError> CheckReference(string name, JsonObject reference, string path) => name switch
    {
        "fieldRef" => FieldReferenceRules.Field(reference, path, Fields),
        "resourceFieldRef" => FieldReferenceRules.Resource(reference, path, isVolume: false),
        "fileKeyRef" => FieldRules.RequiredName(reference, "key", path, Names.CheckEnvironmentName).Concat(FieldRules.RequiredName(reference, "volumeName", path, Names.CheckLabel))
            .Concat(reference.String("path") is { Length: > 0 } file ? PathRules.NotReserved(file, $"{path}.path") : [FieldError.Required($"{path}.path")]),
        _ => FieldRules.Text(reference.String("name") ?? "", $"{path}.name", Names.CheckSubdomain).Concat(FieldRules.RequiredName(reference, "key", path, Names.CheckConfigKey)),
    };

    // What is wrong with the choice of the source is said of the whole list.
    private static IEnumerable<FieldError> CheckFrom(JsonObject source, string list, int index)
    {
        var path = FieldRules.Indexed(list, index);
        var given = new[] { "configMapRef", "secretRef" }.Where(name => source.Object(name) is not null).ToList();
        foreach (var error in FieldRules.Named(source, "prefix", path, Names.CheckEnvironmentName)
            .Concat(given.SelectMany(name => FieldRules.RequiredName(source.Object(name), "name", $"{path}.{name}", reference => Names.CheckSubdomain(reference.TrimEnd('-'))))))
        {
            yield return error;
        }

        if (given.Count != 1)
        {
            yield return FieldError.Invalid(list, "", given.Count == 0 ? "must specify one of: `configMapRef` or `secretRef`" : "may not have more than one field specified at a time");
        }
    }
}
