using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
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
            .Concat(spec.String("extendedResourceName") is not { } name || ResourceRules.IsExtended(name) ? [] : [FieldError.Invalid("spec.extendedResourceName", name, "must be a valid extended resource name")]);
    }
}
