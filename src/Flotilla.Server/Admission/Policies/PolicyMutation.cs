using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Patching;
using Flotilla.Api.Schema;
using Flotilla.Cel;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;
using Flotilla.Server.Admission.Expressions;

namespace Flotilla.Server.Admission.Policies;

/// <summary>One change a policy makes: an expression that builds a part of the object, or a JSON patch.</summary>
internal sealed partial record PolicyMutation(AdmissionExpression Expression, bool IsPatch)
{
    private static readonly CelType Patch = CelType.Object(
        "JSONPatch",
        new Dictionary<string, CelType>(StringComparer.Ordinal) { ["op"] = CelType.String, ["path"] = CelType.String, ["from"] = CelType.String, ["value"] = CelType.Dyn });

    public static PolicyMutation From(PolicyVariables variables, JsonObject mutation)
    {
        if (mutation.String("patchType") == "JSONPatch")
        {
            return new PolicyMutation(AdmissionExpression.Compile(variables.Environment.WithTypes([Patch]), mutation.Object("jsonPatch").String("expression"), CelType.List(Patch)), true);
        }

        var text = mutation.Object("applyConfiguration").String("expression") ?? "";
        var root = CelType.Object("Object", _ => CelType.Dyn);

        // The types of an object's parts are named by their paths, whatever those are.
        var named = ObjectType().Matches(text).Select(match => match.Groups[1].Value).Append("Object").Distinct().Select(name => CelType.Object(name, _ => CelType.Dyn));
        return new PolicyMutation(AdmissionExpression.Compile(variables.Environment.WithTypes(named), text, root), false);
    }

    /// <summary>The object as it becomes; null: it stays.</summary>
    /// <exception cref="PolicyConfigurationException">The expression fails, or what it builds does not fit.</exception>
    public async ValueTask<JsonObject?> ApplyAsync(ExpressionRun run, CancellationToken cancellationToken)
    {
        var result = await run.EvaluateAsync(Expression, cancellationToken);
        if (result.Value is not { } value)
        {
            throw new PolicyConfigurationException(result.Error ?? "the expression has no value");
        }

        var view = run.Facts.View;
        var target = view.Object?.Copy() ?? throw new PolicyConfigurationException("the object of this operation cannot be changed");
        if (!IsPatch)
        {
            CheckNames(value, "Object");
            if (CelJson.Node(value) is JsonObject applied)
            {
                RefuseAtomicParts(applied, view.Schema);
                AppliedMerge.Merge(target, applied, view.Schema);
            }

            return target;
        }

        try
        {
            return JsonPatch.Apply(target, CelJson.Node(value)) as JsonObject;
        }
        catch (PatchException error)
        {
            throw new PolicyConfigurationException($"JSON Patch: {error.Message}");
        }
    }

    // A policy that replaced a whole list or structure would undo what others put into it.
    private static void RefuseAtomicParts(JsonObject applied, TypeSchema? schema)
    {
        if (AtomicParts.Of(applied, schema) is { Count: > 0 } parts)
        {
            throw new PolicyConfigurationException($"error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {string.Join(", ", parts)}");
        }
    }

    /// <summary>A part built under one name cannot stand at another place.</summary>
    private static void CheckNames(CelValue value, string path)
    {
        if (value is not MapValue map || map.Type.Kind != CelKind.Object)
        {
            return;
        }

        if (map.Type.Name != path)
        {
            throw new PolicyConfigurationException($"unexpected type name \"{map.Type.Name}\", expected \"{path}\", which matches field name path from root Object type");
        }

        foreach (var key in map.Keys().OfType<StringValue>())
        {
            var inner = map.Find(key);
            var below = $"{path}.{key.Value}";
            foreach (var part in inner is ListValue list ? list.Items() : [inner!])
            {
                CheckNames(part, below);
            }
        }
    }

    [GeneratedRegex(@"\b(Object(?:\.[A-Za-z_]\w*)*)\s*\{", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ObjectType();
}
