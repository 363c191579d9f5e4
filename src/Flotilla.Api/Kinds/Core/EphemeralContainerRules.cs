using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Through its subresource a pod may gain ephemeral containers; those it has stay.</summary>
internal static class EphemeralContainerRules
{
    private const string Path = "spec.ephemeralContainers";

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject old)
    {
        if (old.Object("metadata").Object("annotations")?[PodAnnotationRules.Mirror] is not null)
        {
            return [FieldError.Forbidden("[]", "static pods do not support ephemeral containers")];
        }

        return PodRules.CheckSpec(item).Concat(old.Object("spec").Objects("ephemeralContainers").SelectMany(had => CheckKept(item.Object("spec"), had)));
    }

    private static IEnumerable<FieldError> CheckKept(JsonObject? spec, JsonObject had)
    {
        var name = had.String("name");
        var now = spec.Objects("ephemeralContainers").LastOrDefault(container => container.String("name") == name);
        if (now is null)
        {
            yield return FieldError.Forbidden(Path, $"existing ephemeral containers \"{name}\" may not be removed\n");
        }
        else if (!now.SameAs(had))
        {
            yield return FieldError.Forbidden(Path, $"existing ephemeral containers \"{name}\" may not be changed\n{GoTypes.GoDifference.Text("EphemeralContainer", had, now)}");
        }
    }
}
