using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.CustomResources;

/// <summary>The kinds that a CustomResourceDefinition adds: one for each served version, newest first.</summary>
public static class CustomKinds
{
    public static IReadOnlyList<Kind> Of(JsonObject definition) =>
    [
        .. definition.Object("spec").Objects("versions")
            .Where(version => version.Boolean("served") == true)
            .OrderByDescending(version => version.String("name") ?? "", VersionOrder.Comparer)
            .Select(version => Of(definition, version)),
    ];

    private static Kind Of(JsonObject definition, JsonObject version)
    {
        var spec = definition.Object("spec");
        var names = definition.Object("status").Object("acceptedNames");
        var custom = new CustomResource(definition, version);
        return new Kind(custom.Group, custom.Version, names.String("plural")!, names.String("kind")!, spec.String("scope") == "Cluster" ? Scope.Cluster : Scope.Namespaced)
        {
            Custom = custom,
            Singular = names.String("singular") ?? "",
            ShortNames = Texts(names, "shortNames"),
            Categories = Texts(names, "categories"),
            ListName = names.String("listKind")!,
            HasStatus = version.Object("subresources").Object("status") is not null,
            HasScale = custom.Scale is not null,
            HasGeneration = true,
            NeedsVersionOnUpdate = true,
            Columns = PrinterColumns.Of(version),
            SelectableFields = version.Objects("selectableFields").Select(field => (field.String("jsonPath") ?? "").TrimStart('.')).ToDictionary(path => path, path => path, StringComparer.Ordinal),
            Validate = custom.Check,
        };
    }

    private static string[] Texts(JsonObject? names, string list) => [.. (names.Array(list) ?? []).Select(name => name.AsString() ?? "")];
}
