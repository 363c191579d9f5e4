using Flotilla.Api.Validation;
using Flotilla.Cel;
using Flotilla.Cel.Libraries;
using Flotilla.Cel.Types;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>
/// The expressions that choose devices: what they may speak of, how large that can be, and which are refused. Their one
/// variable is <c>device</c>; names of attributes and capacities come after the domain they belong to.
/// </summary>
public static class DeviceExpressions
{
    private const int LongestExpression = 10 * 1024;
    private const ulong HighestCost = 1_000_000;
    private const int MostNames = 32;

    private static readonly CelType Domain = CelType.String.WithMaxElements(63);
    private static readonly CelType Name = CelType.String.WithMaxElements(32);

    public static CelEnvironment Environment { get; } = CelEnvironment.KubernetesDevices().With("device", CelType.Object("kubernetes.DRADevice", new Dictionary<string, CelType>(StringComparer.Ordinal)
    {
        ["driver"] = CelType.String.WithMaxElements(63),
        ["attributes"] = ByDomain(CelType.Dyn.WithMaxElements(64)),
        ["capacity"] = ByDomain(KubernetesValues.QuantityType),
        ["allowMultipleAllocations"] = CelType.Bool,
    }));

    internal static IEnumerable<FieldError> Check(string expression, string path)
    {
        if (expression.Length > LongestExpression)
        {
            return [FieldError.TooLong(path, LongestExpression)];
        }

        var result = Environment.Compile(expression);
        return result switch
        {
            { Program: null } => [FieldError.Invalid(path, expression, $"compilation failed: {result.IssueText}")],
            _ when !CelType.Bool.Equals(result.OutputType) && !CelType.Dyn.Equals(result.OutputType) => [FieldError.Invalid(path, expression, $"must evaluate to bool or the unknown type, not {result.OutputType}")],
            { EstimatedCost.Max: > HighestCost } => [FieldError.Forbidden(path, "too complex, exceeds cost limit")],
            _ => [],
        };
    }

    private static CelType ByDomain(CelType value) =>
        CelType.Map(Domain, CelType.Map(Name, value).WithMaxElements(MostNames)).WithMaxElements(MostNames);
}
