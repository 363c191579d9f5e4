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

    /// <summary>Everything wrong with an object's metadata; <paramref name="old"/> is null on create.</summary>
    public static IEnumerable<FieldError> Check(JsonObject metadata, Kind kind, JsonObject? old)
    {
        foreach (var error in CheckNames(metadata, kind))
        {
            yield return error;
        }

        foreach (var error in CheckTemplate(metadata, Path).Concat(CheckOwners(metadata)).Concat(CheckFinalizers(metadata, kind)))
        {
            yield return error;
        }

        if (old is null)
        {
            yield break;
        }

        if (old.String("deletionTimestamp") is not null)
        {
            var had = (old.Array("finalizers") ?? []).Select(item => item.AsString()).ToHashSet(StringComparer.Ordinal);
            var added = (metadata.Array("finalizers") ?? []).Select(item => item.AsString()).Where(item => !had.Contains(item)).ToList();
            if (added.Count > 0)
            {
                yield return FieldError.Forbidden($"{Path}.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers [{string.Join(", ", added.Select(item => $"\"{item}\""))}]");
            }
        }

        foreach (var field in new[] { "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds" })
        {
            foreach (var error in FieldRules.Unchanged(metadata[field], old[field], $"{Path}.{field}"))
            {
                yield return error;
            }
        }
    }

    /// <summary>The metadata of a template: labels and annotations only.</summary>
    public static IEnumerable<FieldError> CheckTemplate(JsonObject? metadata, string path) =>
        FieldRules.LabelMap(metadata.Object("labels"), $"{path}.labels").Concat(CheckAnnotations(metadata.Object("annotations"), $"{path}.annotations"));

    private static IEnumerable<FieldError> CheckNames(JsonObject metadata, Kind kind)
    {
        if (metadata.String("generateName") is { Length: > 0 } prefix && kind.ValidateName(prefix.TrimEnd('-') is { Length: > 0 } stem ? stem : "a") is { } wrongPrefix)
        {
            yield return FieldError.Invalid($"{Path}.generateName", prefix, wrongPrefix);
        }

        if (metadata.String("name") is not { Length: > 0 } name)
        {
            yield return FieldError.Required($"{Path}.name", "name or generateName is required");
        }
        else if (kind.ValidateName(name) is { } wrong)
        {
            yield return FieldError.Invalid($"{Path}.name", name, wrong);
        }

        var ns = metadata.String("namespace") ?? "";
        if (kind.IsNamespaced && ns.Length == 0)
        {
            yield return FieldError.Required($"{Path}.namespace");
        }
        else if (kind.IsNamespaced && Names.CheckLabel(ns) is { } wrongNamespace)
        {
            yield return FieldError.Invalid($"{Path}.namespace", ns, wrongNamespace);
        }
        else if (!kind.IsNamespaced && ns.Length > 0)
        {
            yield return FieldError.Forbidden($"{Path}.namespace", "not allowed on this type");
        }
    }

    public static IEnumerable<FieldError> CheckAnnotations(JsonObject? annotations, string path)
    {
        var size = 0;
        foreach (var (key, value) in (annotations ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (Names.CheckLabelKey(key.ToLowerInvariant()) is { } wrong)
            {
                yield return FieldError.Invalid(path, key, wrong);
            }

            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.AsString() ?? "");
        }

        if (size > MaximumAnnotationBytes)
        {
            yield return FieldError.TooLong(path, MaximumAnnotationBytes);
        }
    }

    private static IEnumerable<FieldError> CheckOwners(JsonObject metadata)
    {
        var controllers = new List<JsonObject>();
        foreach (var (owner, i) in metadata.Objects("ownerReferences").Select((owner, i) => (owner, i)))
        {
            var path = FieldRules.Indexed($"{Path}.ownerReferences", i);
            if (string.IsNullOrEmpty(owner.String("apiVersion")))
            {
                yield return FieldError.Invalid($"{path}.apiVersion", owner.String("apiVersion") ?? "", "version must not be empty");
            }

            foreach (var field in new[] { "kind", "name", "uid" })
            {
                if (string.IsNullOrEmpty(owner.String(field)))
                {
                    yield return FieldError.Invalid($"{path}.{field}", owner.String(field) ?? "", "must not be empty");
                }
            }

            if (owner.String("kind") == "Event" && owner.String("apiVersion") is "v1" or "events.k8s.io/v1")
            {
                yield return FieldError.Invalid(path, $"{owner.String("apiVersion")}, Kind=Event", $"{owner.String("apiVersion")}, Kind=Event is disallowed from being an owner");
            }

            if (owner.Boolean("controller") == true)
            {
                controllers.Add(owner);
            }
        }

        if (controllers.Count > 1)
        {
            yield return FieldError.Invalid($"{Path}.ownerReferences", metadata.Array("ownerReferences")!.DeepClone(),
                string.Create(CultureInfo.InvariantCulture, $"Only one reference can have Controller set to true. Found \"true\" in references for {controllers[0].String("kind")}/{controllers[0].String("name")} and {controllers[1].String("kind")}/{controllers[1].String("name")}"));
        }
    }

    // Upstream asks for a domain only where the core API's own rules apply.
    private static bool AllowsShortFinalizers(Kind kind) => kind.Custom is not null || kind.Group is "apiextensions.k8s.io" or "apiregistration.k8s.io";

    private static IEnumerable<FieldError> CheckFinalizers(JsonObject metadata, Kind kind)
    {
        var names = (metadata.Array("finalizers") ?? []).Select(item => item.AsString() ?? "").ToList();
        foreach (var (name, i) in names.Select((name, i) => (name, i)))
        {
            if (Names.CheckLabelKey(name) is { } wrong)
            {
                yield return FieldError.Invalid($"{Path}.finalizers", name, wrong);
            }
            else if (!name.Contains('/', StringComparison.Ordinal) && name is not ("orphan" or "foregroundDeletion") && !AllowsShortFinalizers(kind))
            {
                yield return FieldError.Invalid(FieldRules.Indexed($"{Path}.finalizers", i), name, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }

        if (names.Contains("orphan") && names.Contains("foregroundDeletion"))
        {
            yield return FieldError.Invalid($"{Path}.finalizers", metadata.Array("finalizers")!.DeepClone(), "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }
}
