using System.Globalization;
using Flotilla.Cel.Costs;

namespace Flotilla.Cel.Validation;

/// <summary>The estimated cost of all rules of a schema, and who contributes most.</summary>
internal sealed class CostTotal
{
    public const ulong RuleLimit = 10_000_000;

    private const ulong SchemaLimit = 100_000_000;
    private const int Shown = 4;

    private readonly List<(string Path, ulong Cost)> expensive = [];
    private ulong total;

    public void Add(string path, ulong cost)
    {
        total = Saturating.Add(total, cost);
        if (cost >= SchemaLimit / 100)
        {
            expensive.Add((path, cost));
        }
    }

    public IEnumerable<CelFieldError> Errors(string root)
    {
        if (total <= SchemaLimit)
        {
            return [];
        }
        var contributors = expensive.OrderByDescending(rule => rule.Cost).Take(Shown).Select(rule => CelFieldError.Forbidden(
            rule.Path, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"));
        return [.. contributors, CelFieldError.Forbidden(
            root, Excess("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total, SchemaLimit))];
    }

    public static string Excess(string what, ulong cost, ulong limit = RuleLimit)
    {
        var factor = (double)cost / limit;
        var times = factor > 100 ? "more than 100x"
            : factor.ToString(factor < 1.5 ? "F6" : "F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {times} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }
}
