using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;

namespace Flotilla.Server.OpenApi;

public enum OpenApiVersion
{
    V2,
    V3,
}

/// <summary>Writes types and paths of some kinds as one OpenAPI document, from the schema table.</summary>
public sealed class OpenApiWriter(OpenApiVersion version)
{
    private static readonly string[] ObjectVerbs = ["get", "put", "patch", "delete"];
    private readonly JsonObject schemas = new();

    private string Reference => version == OpenApiVersion.V2 ? "#/definitions/" : "#/components/schemas/";

    public JsonObject Document(IEnumerable<Kind> kinds)
    {
        var paths = new JsonObject();
        foreach (var kind in kinds)
        {
            AddPaths(paths, kind);
        }

        AddType(SchemaTable.BuiltIn["io.k8s.apimachinery.pkg.apis.meta.v1.Status"]);
        AddType(SchemaTable.BuiltIn["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]);
        var document = new JsonObject
        {
            [version == OpenApiVersion.V2 ? "swagger" : "openapi"] = version == OpenApiVersion.V2 ? "2.0" : "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = ServerStatus.Version },
            ["paths"] = paths,
        };
        if (version == OpenApiVersion.V2)
        {
            document["definitions"] = schemas;
        }
        else
        {
            document["components"] = new JsonObject { ["schemas"] = schemas };
        }

        return document;
    }

    private void AddPaths(JsonObject paths, Kind kind)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        var collection = kind.IsNamespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
        AddKind(kind);
        var verbs = new JsonObject();
        if (kind.Verbs.Contains("create"))
        {
            verbs["post"] = Operation(kind, kind.Identity, "post", Referring(kind));
        }

        if (kind.Verbs.Contains("list"))
        {
            verbs["get"] = Operation(kind, kind.Identity, "list", Referring(kind, list: true));
            if (kind.IsNamespaced)
            {
                paths[$"{root}/{kind.Plural}"] = new JsonObject { ["get"] = Operation(kind, kind.Identity, "list", Referring(kind, list: true)) };
            }
        }

        if (verbs.Count > 0)
        {
            paths[collection] = verbs;
        }

        if (kind.Verbs.Contains("get"))
        {
            var item = new JsonObject();
            foreach (var verb in ObjectVerbs.Where(verb => kind.Verbs.Contains(verb == "put" ? "update" : verb)))
            {
                item[verb] = Operation(kind, kind.Identity, verb, Referring(kind));
            }

            paths[$"{collection}/{{name}}"] = item;
        }

        AddWatchPaths(paths, kind, root);
        foreach (var sub in kind.Subresources)
        {
            var item = new JsonObject();
            var body = sub.Kind == kind.Identity ? Referring(kind) : SchemaTable.BuiltIn.Find(sub.Kind) is { } type ? Referring(type) : Scalar("string");
            foreach (var verb in sub.Verbs)
            {
                item[verb switch { "update" => "put", "create" => "post", _ => verb }] = Operation(kind, sub.Kind, verb == "update" ? "put" : verb == "create" ? "post" : verb, body.Copy());
            }

            paths[$"{collection}/{{name}}/{sub.Name}"] = item;
        }
    }

    /// <summary>The old form of watches, which built-in kinds keep.</summary>
    private void AddWatchPaths(JsonObject paths, Kind kind, string root)
    {
        if (kind.Custom is not null || !kind.Verbs.Contains("watch"))
        {
            return;
        }

        var collection = kind.IsNamespaced ? $"{root}/watch/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/watch/{kind.Plural}";
        JsonObject Watch(string verb) => new() { ["get"] = Operation(kind, kind.Identity, verb, Referring(SchemaTable.BuiltIn["io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent"])) };
        paths[$"{root}/watch/{kind.Plural}"] = Watch("watchlist");
        paths[collection] = Watch("watchlist");
        paths[$"{collection}/{{name}}"] = Watch("watch");
    }

    private JsonObject Operation(Kind kind, ResourceKind identity, string verb, JsonObject schema)
    {
        var parameters = new JsonArray();
        if (verb is "post" or "put" or "patch" or "delete")
        {
            parameters.Add(Query("dryRun", "string"));
        }

        if (verb is "post" or "put" or "patch")
        {
            parameters.Add(Query("fieldManager", "string"));
            parameters.Add(Query("fieldValidation", "string"));
        }

        if (verb == "patch")
        {
            parameters.Add(Query("force", "boolean"));
        }

        if (verb is "list" or "watchlist" or "watch")
        {
            foreach (var name in (ReadOnlySpan<string>)["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch"])
            {
                parameters.Add(Query(name, "string"));
            }

            parameters.Add(Query("limit", "integer"));
            parameters.Add(Query("watch", "boolean"));
        }

        var response = version == OpenApiVersion.V2
            ? new JsonObject { ["description"] = "OK", ["schema"] = schema }
            : new JsonObject { ["description"] = "OK", ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } } };
        return new JsonObject
        {
            ["operationId"] = $"{verb}{kind.Group.Replace(".", "", StringComparison.Ordinal)}{kind.Version}{kind.Name}{(identity == kind.Identity ? "" : identity.Kind)}",
            ["parameters"] = parameters,
            ["responses"] = new JsonObject { ["200"] = response },
            ["x-kubernetes-action"] = verb,
            ["x-kubernetes-group-version-kind"] = Identity(identity),
        };
    }

    private JsonObject Query(string name, string type) => version == OpenApiVersion.V2
        ? new JsonObject { ["name"] = name, ["in"] = "query", ["type"] = type, ["uniqueItems"] = true }
        : new JsonObject { ["name"] = name, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true } };

    private static string NameOf(Kind kind) => kind.Custom is null ? kind.Schema.OpenApiName : CustomDescriptions.NameOf(kind);

    private JsonObject Referring(Kind kind, bool list = false)
    {
        var name = NameOf(kind);
        if (list && kind.Custom is not null)
        {
            name = name[..^kind.Name.Length] + kind.ListName;
        }

        return ReferringTo(list && schemas.ContainsKey(name + "List") ? name + "List" : name);
    }

    private void AddKind(Kind kind)
    {
        if (kind.Custom is null)
        {
            AddType(kind.Schema);
            return;
        }

        var schema = CustomDescriptions.Of(kind, version, () => Referring(StructuralSchema.ObjectMeta));
        schema["x-kubernetes-group-version-kind"] = new JsonArray(Identity(kind.Identity));
        var name = NameOf(kind);
        schemas[name] = schema;
        schemas[name[..^kind.Name.Length] + kind.ListName] = new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = new JsonObject { ["description"] = IdentityDescriptions.ApiVersion, ["type"] = "string" },
                ["items"] = new JsonObject { ["type"] = "array", ["items"] = ReferringTo(name) },
                ["kind"] = new JsonObject { ["description"] = IdentityDescriptions.Kind, ["type"] = "string" },
                ["metadata"] = Referring(SchemaTable.BuiltIn["io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"]),
            },
            ["x-kubernetes-group-version-kind"] = new JsonArray(Identity(kind.Identity with { Kind = kind.ListName })),
        };
    }

    private void AddType(TypeSchema type)
    {
        if (schemas.ContainsKey(type.OpenApiName))
        {
            return;
        }

        var schema = FieldDescriptions.OfType(type.Name) is { } text ? new JsonObject { ["description"] = text, ["type"] = "object" } : new JsonObject { ["type"] = "object" };
        schemas[type.OpenApiName] = schema;
        if (type.Fields.Count > 0)
        {
            var properties = new JsonObject();
            foreach (var field in type.Fields.Values)
            {
                var property = Property(field);
                if (FieldDescriptions.OfField(type.Name, field.Name, type.Kinds.Count > 0) is { } description)
                {
                    property.Insert(0, "description", description);
                }

                properties[field.Name] = property;
            }

            schema["properties"] = properties;
        }

        var required = type.Fields.Values.Where(field => field.Required).Select(field => (JsonNode)field.Name).ToArray();
        if (required.Length > 0)
        {
            schema["required"] = new JsonArray(required);
        }

        if (type.Atomic)
        {
            schema["x-kubernetes-map-type"] = "atomic";
        }

        if (type.Kinds.Count > 0)
        {
            schema["x-kubernetes-group-version-kind"] = new JsonArray([.. type.Kinds.Select(Identity)]);
        }
    }

    private JsonObject Property(FieldSchema field)
    {
        var property = Value(field.Value);
        switch (field.Value.Kind)
        {
            case ValueKind.List:
                property["x-kubernetes-list-type"] = field.Ownership.ToString().ToLowerInvariant();
                if (field.MapKeys.Count > 0)
                {
                    property["x-kubernetes-list-map-keys"] = new JsonArray([.. field.MapKeys.Select(key => JsonValue.Create(key))]);
                }

                break;
            case ValueKind.Map or ValueKind.Object when field.AtomicMap:
                property["x-kubernetes-map-type"] = "atomic";
                break;
        }

        if (field.PatchMerge || field.PatchRetainKeys)
        {
            property["x-kubernetes-patch-strategy"] = (field.PatchMerge, field.PatchRetainKeys) switch { (true, true) => "merge,retainKeys", (true, false) => "merge", _ => "retainKeys" };
        }

        if (field.PatchMergeKey is { } key2)
        {
            property["x-kubernetes-patch-merge-key"] = key2;
        }

        return property;
    }

    private JsonObject Value(ValueSchema schema) => schema.Kind switch
    {
        ValueKind.String => Scalar("string"),
        ValueKind.Boolean => Scalar("boolean"),
        ValueKind.Int32 => Scalar("integer", "int32"),
        ValueKind.Int64 => Scalar("integer", "int64"),
        ValueKind.Double => Scalar("number", "double"),
        ValueKind.Bytes => Scalar("string", "byte"),
        ValueKind.Time or ValueKind.MicroTime => Scalar("string", "date-time"),
        ValueKind.Quantity when version == OpenApiVersion.V3 => Either("string", "number"),
        ValueKind.Quantity => Scalar("string"),
        ValueKind.IntOrString when version == OpenApiVersion.V3 => Either("integer", "string", "int-or-string"),
        ValueKind.IntOrString => Scalar("string", "int-or-string"),
        ValueKind.List => new JsonObject { ["type"] = "array", ["items"] = Value(schema.Element!) },
        ValueKind.Map => new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(schema.Element!) },
        ValueKind.Object => Referring(schema.Type!),
        _ => new JsonObject { ["type"] = "object" },
    };

    // In v3 a reference stands inside allOf, where it may have neighbours.
    private JsonObject Referring(TypeSchema type)
    {
        AddType(type);
        return ReferringTo(type.OpenApiName);
    }

    private JsonObject ReferringTo(string name)
    {
        var reference = new JsonObject { ["$ref"] = Reference + name };
        return version == OpenApiVersion.V2 ? reference : new JsonObject { ["allOf"] = new JsonArray(reference), ["default"] = new JsonObject() };
    }

    private static JsonObject Scalar(string type, string? format = null)
    {
        var scalar = new JsonObject { ["type"] = type };
        if (format is not null)
        {
            scalar["format"] = format;
        }

        return scalar;
    }

    private static JsonObject Either(string first, string second, string? format = null)
    {
        var either = new JsonObject { ["oneOf"] = new JsonArray(Scalar(first), Scalar(second)) };
        if (format is not null)
        {
            either["format"] = format;
        }

        return either;
    }

    private static JsonObject Identity(ResourceKind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind };
}
