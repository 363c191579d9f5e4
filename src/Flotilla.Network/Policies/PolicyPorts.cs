using System.Globalization;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>The ports of one rule of a policy: what can be said in numbers, and names whose numbers depend on the pod.</summary>
/// <param name="Matches">Expressions, one of which must hold; empty: no port is open by its number.</param>
internal sealed record PolicyPorts(IReadOnlyList<string> Matches, IReadOnlyList<(string Name, string Protocol)> Names)
{
    public static PolicyPorts For(IEnumerable<V1NetworkPolicyPort>? ports)
    {
        var all = (ports ?? []).ToList();
        if (all.Count == 0)
        {
            return new PolicyPorts([""], []);
        }

        List<(string Name, string Protocol)> names = [];
        var ranges = new SortedDictionary<string, List<(int First, int Last)>>(StringComparer.Ordinal);
        foreach (var port in all)
        {
            var protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
            var text = port.Port?.Value;
            if (string.IsNullOrEmpty(text))
            {
                Add(protocol, 0, ushort.MaxValue);
            }
            else if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                Add(protocol, number, port.EndPort ?? number);
            }
            else
            {
                names.Add((text, protocol));
            }
        }

        return new PolicyPorts([.. ranges.Select(one => Match(one.Key, one.Value))], names);

        void Add(string protocol, int first, int last)
        {
            if (!ranges.TryGetValue(protocol, out var list))
            {
                ranges.Add(protocol, list = []);
            }

            list.Add((first, last));
        }
    }

    private static string Match(string protocol, List<(int First, int Last)> ranges)
    {
        List<(int First, int Last)> merged = [];
        foreach (var range in ranges.Order())
        {
            if (merged is [.., var last] && range.First <= last.Last + 1)
            {
                merged[^1] = (last.First, Math.Max(last.Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged is [(0, ushort.MaxValue)]
            ? $"meta l4proto {protocol}"
            : $"meta l4proto {protocol} th dport {{ {string.Join(", ", merged.Select(Text))} }}";
    }

    private static string Text((int First, int Last) range) => range.First == range.Last
        ? range.First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}");
}
