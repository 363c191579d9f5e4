using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Values of the Kubernetes libraries' own types, for variables that hold some.</summary>
public static class KubernetesValues
{
    public static CelType QuantityType => QuantityValue.OfQuantity;

    /// <summary>A quantity like <c>64Gi</c>; an error value when it is none.</summary>
    public static CelValue Quantity(string text) => QuantityValue.Parse(text, out var problem) is { } value ? value : new ErrorValue(problem);

    /// <summary>A version like <c>1.2.3</c>; an error value when it is none.</summary>
    public static CelValue Semver(string text) => SemverValue.Parse(text, normalize: false);
}
