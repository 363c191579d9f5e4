using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds.Core;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>Which devices fit, by expressions, and what a driver is told about them.</summary>
internal static class DeviceConfigurationRules
{
    private const int MostSelectors = 32;
    private const int LongestParameters = 10 * 1024;

    public static IEnumerable<FieldError> Check(JsonObject config, string path) => config.Object("opaque") is not { } opaque
        ? [FieldError.Required($"{path}.opaque")]
        : StorageSourceRules.DriverName(opaque.String("driver"), $"{path}.opaque.driver").Concat(CheckRaw(opaque["parameters"], $"{path}.opaque.parameters", LongestParameters));

    public static IEnumerable<FieldError> CheckSelectors(JsonObject owner, string path) => DeviceLists.Each(owner, "selectors", path, MostSelectors, (selector, at) => selector.Object("cel") is not { } cel
        ? [FieldError.Required($"{at}.cel")]
        : DeviceExpressions.Check(cel.String("expression") ?? "", $"{at}.cel.expression"));

    /// <summary>A JSON object that only a driver understands.</summary>
    public static IEnumerable<FieldError> CheckRaw(JsonNode? value, string path, int longest) => value switch
    {
        null => [FieldError.Required(path)],
        _ when value.ToJsonString().Length > longest => [FieldError.TooLong(path, longest)],
        JsonObject => [],
        _ => [FieldError.Invalid(path, "<value omitted>", "must be a valid JSON object")],
    };
}
