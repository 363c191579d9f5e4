using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class SecurityRules
{
    private static readonly string[] Ids = ["runAsUser", "runAsGroup", "fsGroup"];

    public static IEnumerable<FieldError> CheckPod(JsonObject? context, string path) =>
        CheckIds(context, path)
            .Concat((context.Array("supplementalGroups") ?? []).SelectMany((group, i) => CheckId(group.AsInteger(), FieldRules.Indexed($"{path}.supplementalGroups", i))))
            .Concat(FieldRules.OneOf(context, "fsGroupChangePolicy", path, "Always", "OnRootMismatch"))
            .Concat(CheckSeccomp(context.Object("seccompProfile"), $"{path}.seccompProfile"));

    public static IEnumerable<FieldError> CheckContainer(JsonObject? context, string path)
    {
        foreach (var error in CheckIds(context, path).Concat(CheckSeccomp(context.Object("seccompProfile"), $"{path}.seccompProfile")))
        {
            yield return error;
        }

        if (context.Boolean("allowPrivilegeEscalation") == false)
        {
            if (context.Boolean("privileged") == true)
            {
                yield return FieldError.Invalid(path, context!.DeepClone(), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
            }

            if ((context.Object("capabilities").Array("add") ?? []).Any(capability => capability.AsString() is "CAP_SYS_ADMIN" or "SYS_ADMIN"))
            {
                yield return FieldError.Invalid(path, context!.DeepClone(), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }

        foreach (var error in FieldRules.OneOf(context, "procMount", path, "Default", "Unmasked"))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckIds(JsonObject? context, string path) =>
        Ids.Where(id => context?[id] is not null).SelectMany(id => CheckId(context.Integer(id), $"{path}.{id}"));

    private static IEnumerable<FieldError> CheckId(long? id, string path)
    {
        if (id is < 0 or > int.MaxValue)
        {
            yield return FieldError.Invalid(path, id.Value, "must be between 0 and 2147483647, inclusive");
        }
    }

    private static IEnumerable<FieldError> CheckSeccomp(JsonObject? profile, string path)
    {
        if (profile is null)
        {
            yield break;
        }

        var local = profile.String("localhostProfile");
        if (profile.String("type") == "Localhost" && string.IsNullOrEmpty(local))
        {
            yield return FieldError.Required($"{path}.localhostProfile", "must be set when seccomp type is Localhost ");
        }
        else if (profile.String("type") != "Localhost" && local is not null)
        {
            yield return FieldError.Invalid($"{path}.localhostProfile", local, "can only be set when seccomp type is Localhost");
        }

        foreach (var error in FieldRules.RequiredOneOf(profile, "type", path, "Localhost", "RuntimeDefault", "Unconfined"))
        {
            yield return error;
        }
    }
}
