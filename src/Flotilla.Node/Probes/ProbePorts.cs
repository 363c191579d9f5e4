using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Probes;

internal static class ProbePorts
{
    /// <summary>A port by number, or by the name one of the container's ports has; 0 when there is none.</summary>
    public static int Resolve(IntOrString port, V1Container container)
    {
        var text = port.Value ?? "";
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : (container.Ports ?? []).FirstOrDefault(declared => declared.Name == text)?.ContainerPort ?? 0;
    }
}
