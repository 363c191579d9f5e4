using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Api.Validation;

/// <summary>The rules for <c>metadata</c>, the same for every kind.</summary>
public static class MetadataRules
{
    private const int MaximumAnnotationBytes = 256 * 1024;
    private const string Path = "metadata";
    private static readonly string[] Fixed = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

    /// <summary>Everything wrong with an object's metadata; <paramref name="old"/> is null on create.</summary>
    public static IEnumerable<FieldError> Check(JsonObject metadata, Kind kind, JsonObject? old)
    {
        var errors = CheckNames(metadata, kind).Concat(CheckTemplate(metadata, Path)).Concat(CheckOwners(metadata)).Concat(CheckFinalizers(metadata, kind));
        return old is null ? errors : errors.Concat(CheckUpdate(metadata, old));
    }

    private static IEnumerable<FieldError> CheckUpdate(JsonObject metadata, JsonObject old)
    {
        if (old.String("deletionTimestamp") is not null)
        {
            var had = (old.Array("finalizers") ?? []).Select(item => item.AsString()).ToHashSet(StringComparer.Ordinal);
            var added = (metadata.Array("finalizers") ?? []).Select(item => item.AsString()).Where(item => !had.Contains(item)).ToList();
            if (added.Count > 0)
            {
                yield return FieldError.Forbidden($"{Path}.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers [{string.Join(", ", added.Select(item => $"\"{item}\""))}]");
            }
        }

        foreach (var field in Fixed)
        {
            if (!metadata[field].SameAs(old[field]))
            {
                yield return FieldError.Invalid($"{Path}.{field}", metadata[field], FieldRules.Immutable);
            }
        }
    }

    /// <summary>The metadata of a template: labels and annotations only.</summary>
    public static IEnumerable<FieldError> CheckTemplate(JsonObject? metadata, string path) =>
        FieldRules.LabelMap(metadata.Object("labels"), $"{path}.labels").Concat(CheckAnnotations(metadata.Object("annotations"), $"{path}.annotations"));

    private static List<FieldError> CheckNames(JsonObject metadata, Kind kind)
    {
        var errors = new List<FieldError>();
        if (metadata.String("generateName") is { Length: > 0 } prefix && kind.ValidateName(prefix.TrimEnd('-') is { Length: > 0 } stem ? stem : "a") is { } wrongPrefix)
        {
            errors.Add(FieldError.Invalid($"{Path}.generateName", prefix, wrongPrefix));
        }

        if (metadata.String("name") is not { Length: > 0 } name)
        {
            errors.Add(FieldError.Required($"{Path}.name", "name or generateName is required"));
        }
        else if (kind.ValidateName(name) is { } wrong)
        {
            errors.Add(FieldError.Invalid($"{Path}.name", name, wrong));
        }

        var ns = metadata.String("namespace") ?? "";
        if (kind.IsNamespaced && ns.Length == 0)
        {
            errors.Add(FieldError.Required($"{Path}.namespace"));
        }
        else if (kind.IsNamespaced && Names.CheckLabel(ns) is { } wrongNamespace)
        {
            errors.Add(FieldError.Invalid($"{Path}.namespace", ns, wrongNamespace));
        }
        else if (!kind.IsNamespaced && ns.Length > 0)
        {
            errors.Add(FieldError.Forbidden($"{Path}.namespace", "not allowed on this type"));
        }

        return errors;
    }

    public static IEnumerable<FieldError> CheckAnnotations(JsonObject? annotations, string path)
    {
        if (annotations is not { Count: > 0 })
        {
            return [];
        }

        var errors = new List<FieldError>();
        var size = 0;
        foreach (var (key, value) in annotations.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckLabelKey(key.ToLowerInvariant()) is { } wrong)
            {
                errors.Add(FieldError.Invalid(path, key, wrong));
            }

            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.AsString() ?? "");
        }

        if (size > MaximumAnnotationBytes)
        {
            errors.Add(FieldError.TooLong(path, MaximumAnnotationBytes));
        }

        return errors;
    }

    private static IEnumerable<FieldError> CheckOwners(JsonObject metadata)
    {
        if (metadata.Array("ownerReferences") is not { Count: > 0 })
        {
            return [];
        }

        var errors = new List<FieldError>();
        var controllers = new List<JsonObject>();
        foreach (var (owner, i) in metadata.Objects("ownerReferences").Select((owner, i) => (owner, i)))
        {
            var path = FieldRules.Indexed($"{Path}.ownerReferences", i);
            if (string.IsNullOrEmpty(owner.String("apiVersion")))
            {
                errors.Add(FieldError.Invalid($"{path}.apiVersion", owner.String("apiVersion") ?? "", "version must not be empty"));
            }

            foreach (var field in new[] { "kind", "name", "uid" })
            {
                if (string.IsNullOrEmpty(owner.String(field)))
                {
                    errors.Add(FieldError.Invalid($"{path}.{field}", owner.String(field) ?? "", "must not be empty"));
                }
            }

            if (owner.String("kind") == "Event" && owner.String("apiVersion") is "v1" or "events.k8s.io/v1")
            {
                errors.Add(FieldError.Invalid(path, $"{owner.String("apiVersion")}, Kind=Event", $"{owner.String("apiVersion")}, Kind=Event is disallowed from being an owner"));
            }

            if (owner.Boolean("controller") == true)
            {
                controllers.Add(owner);
            }
        }

        if (controllers.Count > 1)
        {
            errors.Add(FieldError.Invalid($"{Path}.ownerReferences", metadata.Array("ownerReferences")!.DeepClone(),
                string.Create(CultureInfo.InvariantCulture, $"Only one reference can have Controller set to true. Found \"true\" in references for {controllers[0].String("kind")}/{controllers[0].String("name")} and {controllers[1].String("kind")}/{controllers[1].String("name")}")));
        }

        return errors;
    }

    // Upstream asks for a domain only where the core API's own rules apply.
    private static bool AllowsShortFinalizers(Kind kind) => kind.Custom is not null || kind.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io";

    private static IEnumerable<FieldError> CheckFinalizers(JsonObject metadata, Kind kind)
    {
        if (metadata.Array("finalizers") is not { Count: > 0 } finalizers)
        {
            return [];
        }

        var errors = new List<FieldError>();
        var names = finalizers.Select(item => item.AsString() ?? "").ToList();
        foreach (var (name, i) in names.Select((name, i) => (name, i)))
        {
            if (Names.CheckLabelKey(name) is { } wrong)
            {
                errors.Add(FieldError.Invalid($"{Path}.finalizers", name, wrong));
            }
            else if (!name.Contains('/', StringComparison.Ordinal) && name is not ("orphan" or "foregroundDeletion") && !AllowsShortFinalizers(kind))
            {
                errors.Add(FieldError.Invalid(FieldRules.Indexed($"{Path}.finalizers", i), name, "name is neither a standard finalizer name nor is it fully qualified"));
            }
        }

        if (names.Contains("orphan") && names.Contains("foregroundDeletion"))
        {
            errors.Add(FieldError.Invalid($"{Path}.finalizers", finalizers.DeepClone(), "finalizer orphan and foregroundDeletion cannot be both set"));
        }

        return errors;
    }
}
