using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;
using Flotilla.Cel;

namespace Flotilla.Api.CustomResources;

/// <summary>
/// What one version of a custom resource adds to its <see cref="Kind"/>: its schema and how it is stored. Made anew
/// whenever the definition changes; immutable but for <see cref="Retire"/>.
/// </summary>
public sealed class CustomResource : IDisposable
{
    private readonly CancellationTokenSource retired = new();
    private readonly SchemaValidator validator;
    private readonly SchemaValidations rules;

    public CustomResource(JsonObject definition, JsonObject version)
    {
        var spec = definition.Object("spec");
        Definition = definition;
        Group = spec.String("group") ?? "";
        Version = version.String("name") ?? "";
        Schema = StructuralSchema.Of(version.Object("schema").Object("openAPIV3Schema") ?? new JsonObject { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true });
        validator = new SchemaValidator(Schema.Json);
        rules = SchemaValidations.Compile(Schema.Json, "");
        Type = Schema.ToTypeSchema($"{Group}.{Version}.{spec.Object("names").String("kind")}");
        StructuralSchema.AddIdentity(Type);
        StorageVersion = spec.Objects("versions").First(candidate => candidate.Boolean("storage") == true).String("name") ?? "";
        IsTerminating = definition.Object("metadata").String("deletionTimestamp") is not null;
        Scale = version.Object("subresources").Object("scale");
        DeprecationWarning = version.Boolean("deprecated") == true ? version.String("deprecationWarning") ?? $"{Group}/{Version} {spec.Object("names").String("kind")} is deprecated" : null;
    }

    public JsonObject Definition { get; }

    public string Group { get; }

    public string Version { get; }

    public StructuralSchema Schema { get; }

    public TypeSchema Type { get; }

    /// <summary>The version that objects are written in now; older objects may still be stored in another.</summary>
    public string StorageVersion { get; }

    /// <summary>The definition is being deleted: nothing new is accepted.</summary>
    public bool IsTerminating { get; }

    /// <summary>Paths of the scale subresource.</summary>
    public JsonObject? Scale { get; }

    /// <summary>Clients of a deprecated version are told so.</summary>
    public string? DeprecationWarning { get; }

    /// <summary>Cancelled when the definition has changed: who still works with this kind starts over.</summary>
    public CancellationToken Retired => retired.Token;

    public bool ConvertsByWebhook => Definition.Object("spec").Object("conversion").String("strategy") == "Webhook";

    public void Retire() => retired.Cancel();

    /// <summary>Brings a body to its stored form: unknown fields out, defaults in. Returns the paths of what went.</summary>
    /// <exception cref="DecodeException">The metadata is not what every object's metadata is.</exception>
    public IReadOnlyList<string> Normalize(JsonObject value)
    {
        var unknown = new List<string>();
        NormalizeMetadata(value, "metadata", unknown);
        var pruned = new List<string>();
        Pruning.Prune(value, Schema, pruned);
        unknown.AddRange(pruned.Order(StringComparer.Ordinal));
        EmbeddedResources.Normalize(value, Schema, unknown);
        Defaulting.Fill(value, Schema);
        return unknown;
    }

    /// <summary>Fills in defaults that the schema gained after the object was stored.</summary>
    public void FillDefaults(JsonObject stored) => Defaulting.Fill(stored, Schema);

    public IEnumerable<FieldError> Check(JsonObject value, JsonObject? old)
    {
        var judged = Judged(value);
        var errors = validator.Check(judged, old is null ? null : Judged(old)).Concat(EmbeddedResources.Check(value, Schema)).Concat(ListRules.Check(judged, Schema)).ToList();
        if (rules.IsEmpty)
        {
            return errors;
        }

        // Rules may rely on what the schema says about lengths and types.
        return errors.Any(error => error.Type is "FieldValueRequired" or "FieldValueTooLong" or "FieldValueTooMany" or "FieldValueTypeInvalid")
            ? [.. errors, new FieldError("FieldValueInvalid", "<nil>", "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")]
            : [.. errors, .. rules.Validate(value, old, CancellationToken.None).Select(error => new FieldError(error.Type, error.Field, error.Body))];
    }

    public void Dispose() => retired.Dispose();

    private static void NormalizeMetadata(JsonObject value, string path, List<string> unknown)
    {
        if (value.Object(path) is not { } metadata)
        {
            return;
        }

        var normalizer = new Normalizer();
        normalizer.Normalize(metadata, StructuralSchema.ObjectMeta);
        unknown.AddRange(normalizer.UnknownFields.Select(field => $"{path}.{field}"));
    }

    // The schema may restrict the name, but has no say in the rest of the metadata.
    private JsonObject Judged(JsonObject value)
    {
        if (!Schema.Properties.ContainsKey("metadata"))
        {
            return value;
        }

        var copy = value.Copy();
        var metadata = value.Object("metadata");
        copy["metadata"] = new JsonObject(new[] { "name", "generateName" }.Where(name => metadata?[name] is not null).Select(name => KeyValuePair.Create(name, metadata![name]?.DeepClone())));
        return copy;
    }
}
