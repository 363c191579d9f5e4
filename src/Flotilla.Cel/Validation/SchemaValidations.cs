using System.Text.Json.Nodes;
using Flotilla.Cel.Validation;

namespace Flotilla.Cel;

/// <summary>
/// All <c>x-kubernetes-validations</c> of a structural schema, compiled once. Immutable and thread-safe; keep one for each
/// version of a CustomResourceDefinition.
/// <para>When a definition is written: <c>Compile(openAPIV3Schema, "spec.versions[0].schema.openAPIV3Schema").Errors</c> are
/// its field errors (forms, compilation, estimated costs, transition rules where nothing correlates); the schema must have
/// passed its own checks first. When an object is written, after defaulting and the schema's own validation:
/// <c>Validate(newObject, oldObject)</c> (no old object on creation) answers the violations in upstream's words; cost limits
/// are enforced inside.</para>
/// </summary>
public sealed class SchemaValidations
{
    private static readonly Lazy<CelEnvironment> Environment = new(CelEnvironment.Kubernetes);

    private readonly RuleNode? root;

    private SchemaValidations(RuleNode? root, IReadOnlyList<CelFieldError> errors)
    {
        this.root = root;
        Errors = errors;
    }

    /// <summary>What is wrong with the rules; empty when the definition may be stored.</summary>
    public IReadOnlyList<CelFieldError> Errors { get; }

    /// <summary>Whether there is nothing to validate.</summary>
    public bool IsEmpty => root is null;

    /// <param name="openApiV3Schema">The schema of the whole object; it is not kept.</param>
    /// <param name="path">Its path within the definition, for <see cref="Errors"/>.</param>
    public static SchemaValidations Compile(JsonObject openApiV3Schema, string path)
    {
        var compiler = new RuleCompiler(Environment.Value);
        var root = compiler.Compile(openApiV3Schema, path);
        return new SchemaValidations(root, compiler.Errors);
    }

    /// <summary>
    /// Runs all rules. Rules that use <c>oldSelf</c> run where an old value correlates; a violation by a value that has not
    /// changed is excused.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IReadOnlyList<CelFieldError> Validate(JsonObject value, JsonObject? old = null, CancellationToken cancellationToken = default)
    {
        if (root is null)
        {
            return [];
        }
        var run = new RuleRun(cancellationToken);
        run.Visit(root, "", value, old, Correlation.OfRoot(value, old));
        return run.Errors;
    }
}
