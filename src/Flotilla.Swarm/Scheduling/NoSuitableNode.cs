using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Swarm.Scheduling;

/// <summary>Why a task has no node, from the scheduler's words to Swarm's.</summary>
internal static partial class NoSuitableNode
{
    private static readonly (string Begins, string Says)[] Reasons =
    [
        ("Insufficient ", "insufficient resources on"),
        ("Too many pods", "insufficient resources on"),
        ("node(s) didn't match Pod's node affinity", "scheduling constraints not satisfied on"),
        ("node(s) didn't match pod anti-affinity", "max replicas per node limit exceed"),
        ("node(s) didn't have free ports", "host-mode port already in use on"),
        ("node(s) were unschedulable", "not available for new tasks"),
        ("node(s) had untolerated taint", "not available for new tasks"),
    ];

    public static string From(string message)
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Match reason in Reason().Matches(message))
        {
            var known = Array.Find(Reasons, known => reason.Groups["why"].Value.StartsWith(known.Begins, StringComparison.Ordinal)).Says;
            if (known is not null)
            {
                // A node that lacks two things is one node.
                found[known] = Math.Max(found.GetValueOrDefault(known), int.Parse(reason.Groups["count"].Value, CultureInfo.InvariantCulture));
            }
        }

        return found.Count == 0 ? $"no suitable node ({message})" : $"no suitable node ({string.Join("; ", found.Select(Say))})";
    }

    private static string Say(KeyValuePair<string, int> reason)
    {
        var nodes = string.Create(CultureInfo.InvariantCulture, $"{reason.Value} node{(reason.Value == 1 ? "" : "s")}");
        return reason.Key.EndsWith(" on", StringComparison.Ordinal) ? $"{reason.Key} {nodes}"
            : reason.Key.StartsWith("not", StringComparison.Ordinal) ? $"{nodes} {reason.Key}"
            : reason.Key;
    }

    [GeneratedRegex(@"(?:[:,] |^)(?<count>\d+) (?<why>[^,.]+(?:\.[^ ,.][^,.]*)*)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Reason();
}
