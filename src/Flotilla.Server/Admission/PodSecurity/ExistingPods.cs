using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.PodSecurity;

/// <summary>What a stricter level would have to say about the pods that are there already.</summary>
internal static class ExistingPods
{
    private const int MaxChecked = 3000;

    public static IEnumerable<string> Warnings(IReadOnlyList<JsonObject> pods, string space, LevelVersion enforce)
    {
        var groups = pods.Take(MaxChecked)
            .Select(pod => (Name: pod.Object("metadata").String("name")!, Found: SecurityStandards.Check(enforce, pod.Object("metadata"), pod.Object("spec"))))
            .Where(pod => pod.Found.Count > 0)
            .GroupBy(pod => string.Join(", ", pod.Found.Select(violation => violation.Reason)), pod => pod.Name, StringComparer.Ordinal)
            .ToList();
        if (pods.Count > MaxChecked)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"new PodSecurity enforce level only checked against the first {MaxChecked} of {pods.Count} existing pods");
        }

        if (groups.Count > 0)
        {
            yield return $"existing pods in namespace \"{space}\" violate the new PodSecurity enforce level \"{enforce}\"";
        }

        foreach (var line in groups.Select(group => $"{group.Min(StringComparer.Ordinal)}{Others(group.Count() - 1)}: {group.Key}").Order(StringComparer.Ordinal))
        {
            yield return line;
        }
    }

    private static string Others(int count) => count switch
    {
        0 => "",
        1 => " (and 1 other pod)",
        _ => string.Create(CultureInfo.InvariantCulture, $" (and {count} other pods)"),
    };
}
