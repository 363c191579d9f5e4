using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Annotations that mean something to the system.</summary>
internal static class PodAnnotationRules
{
    public const string Mirror = "kubernetes.io/config.mirror";
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    private const string AppArmor = "container.apparmor.security.beta.kubernetes.io/";

    public static IEnumerable<FieldError> Check(JsonObject? metadata, JsonObject spec, string path)
    {
        var annotations = metadata.Object("annotations");
        if (annotations.String(Mirror) is { } mirror && string.IsNullOrEmpty(spec.String("nodeName")))
        {
            yield return FieldError.Invalid($"{path}[{Mirror}]", mirror, "must set spec.nodeName if mirror pod annotation is set");
        }

        if (annotations.String(DeletionCost) is { } cost && !IsCost(cost))
        {
            yield return FieldError.Invalid($"{path}[{DeletionCost}]", cost, "must be a 32bit integer") with { Ratchet = Ratchet.DeletionCost };
        }
    }

    /// <summary>Mirror pods stay such, and profiles given by annotation stay as they are.</summary>
    public static IEnumerable<FieldError> CheckUpdate(JsonObject? metadata, JsonObject? old, string path)
    {
        var (now, had) = (metadata.Object("annotations") ?? [], old.Object("annotations") ?? []);
        foreach (var (key, _) in had.Where(pair => !now[pair.Key].SameAs(pair.Value)))
        {
            if (What(key) is { } kept)
            {
                yield return FieldError.Forbidden($"{path}[{key}]", $"may not remove or update {kept}");
            }
        }

        foreach (var (key, _) in now.Where(pair => !had.ContainsKey(pair.Key)))
        {
            if (What(key) is { } late)
            {
                yield return FieldError.Forbidden($"{path}[{key}]", $"may not add {late}");
            }
        }
    }

    private static string? What(string key) => key == Mirror ? "mirror pod annotation" : key.StartsWith(AppArmor, StringComparison.Ordinal) ? "AppArmor annotations" : null;

    private static bool IsCost(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && !text.StartsWith('+') && !(text.TrimStart('-') is { Length: > 1 } digits && digits[0] == '0');
}
