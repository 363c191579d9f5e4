using System.Text.Json;

namespace Flotilla.Node.Cdi;

/// <summary>Whether a runtime puts devices into containers when it is told their names. Pure.</summary>
internal static class CdiSupport
{
    /// <param name="info">What the runtime says of itself when it is asked for all.</param>
    public static bool Of(string runtime, IDictionary<string, string> info) =>
        runtime != "containerd" || (info.TryGetValue("config", out var configuration) && IsEnabled(configuration));

    // containerd tells its configuration: before 1.7 there is no such setting, since 2.0 none means yes.
    private static bool IsEnabled(string configuration)
    {
        try
        {
            using var document = JsonDocument.Parse(configuration);
            return document.RootElement.TryGetProperty("enableCDI", out var enabled) && enabled.ValueKind is JsonValueKind.True or JsonValueKind.Null;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
