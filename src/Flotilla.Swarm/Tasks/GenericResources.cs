using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Spec;

namespace Flotilla.Swarm.Tasks;

/// <summary>One kind of what a node has, as its administrator says: so many, or each by its name.</summary>
/// <param name="Resource">The extended resource that it is in Kubernetes.</param>
/// <param name="Variable">By which a task learns what it got.</param>
public sealed record GenericResourceKind(string Resource, string Variable, IReadOnlyList<string> Names, bool AreNamed);

/// <summary>Swarm's generic resources as Kubernetes' extended ones. Pure.</summary>
public static partial class GenericResources
{
    private const string Prefix = "generic." + SwarmApi.Group + "/";
    private const int MostOfAKind = 1000;

    /// <param name="text">As Docker's <c>node-generic-resources</c>: <c>gpu=UUID1,gpu=UUID2,ssd=3</c>.</param>
    /// <exception cref="FormatException">It is none, with the reason.</exception>
    public static IReadOnlyList<GenericResourceKind> Parse(string text)
    {
        var pairs = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(pair => pair.Split('=', 2)).ToList();
        if (pairs.FirstOrDefault(pair => pair.Length != 2 || pair[0].Length == 0 || pair[1].Length == 0) is { } wrong)
        {
            throw new FormatException($"incorrect term {string.Join('=', wrong)}, missing '=' or malformed expression");
        }

        return [.. pairs.GroupBy(pair => pair[0], pair => pair[1], StringComparer.Ordinal).Select(Kind)];
    }

    internal static IEnumerable<DiscreteResource> Discrete(ResourceRequirements? wanted) =>
        (wanted?.Reservations?.GenericResources ?? []).Select(resource => resource.DiscreteResourceSpec).OfType<DiscreteResource>();

    internal static string NameOf(string kind) => kind.Contains('/', StringComparison.Ordinal) ? kind : Prefix + (Shape().IsMatch(kind) ? kind : ObjectNames.Label(kind));

    /// <summary>null: the resource is another kind of Kubernetes'.</summary>
    internal static string? KindOf(string resource) => resource.StartsWith(Prefix, StringComparison.Ordinal) ? resource[Prefix.Length..] : null;

    private static GenericResourceKind Kind(IGrouping<string, string> kind)
    {
        var (resource, variable, values) = (NameOf(kind.Key), "DOCKER_RESOURCE_" + kind.Key.ToUpperInvariant(), kind.ToList());
        if (values is [var only] && int.TryParse(only, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return count <= MostOfAKind
                ? new GenericResourceKind(resource, variable, [.. Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"{kind.Key}-{number}"))], false)
                : throw new FormatException($"{kind.Key}: {count} are more than {MostOfAKind}");
        }

        return values.Distinct(StringComparer.Ordinal).Count() == values.Count && !values.Any(value => value.All(char.IsAsciiDigit))
            ? new GenericResourceKind(resource, variable, values, true)
            : throw new FormatException($"{kind.Key}: mixed discrete and named resources, or a name twice");
    }

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$", RegexOptions.NonBacktracking)]
    private static partial Regex Shape();
}
