using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

internal static class DeviceClassRules
{
    private const int MostConfigurations = 32;

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var spec = item.Object("spec") ?? [];
        return DeviceConfigurationRules.CheckSelectors(spec, "spec")
            .Concat(DeviceLists.Each(spec, "config", "spec", MostConfigurations, DeviceConfigurationRules.Check))
            .Concat(spec.String("extendedResourceName") is not { } name || IsExtended(name) ? [] : [FieldError.Invalid("spec.extendedResourceName", name, "must be a valid extended resource name")]);
    }

    // Other than what every node has: with a domain that is not the project's own, short enough to stand behind "requests.".
    private static bool IsExtended(string name) =>
        name.Contains('/', StringComparison.Ordinal) && !name.Contains("kubernetes.io/", StringComparison.Ordinal) && !name.StartsWith("requests.", StringComparison.Ordinal)
        && Names.CheckLabelKey("requests." + name) is null;
}
