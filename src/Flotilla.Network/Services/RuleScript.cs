using System.Text;

namespace Flotilla.Network.Services;

/// <summary>nft commands that turn one rule set into another. Run together they are one transaction.</summary>
internal static class RuleScript
{
    private static readonly SortedDictionary<string, string?> Nothing = new(StringComparer.Ordinal);

    public static string Difference(string table, RuleSet old, RuleSet wanted)
    {
        var script = new StringBuilder();

        // What is referred to must exist before, and be let go of after, what refers to it.
        AddSets(script, table, old, wanted);
        foreach (var name in wanted.Chains.Keys.Except(old.Chains.Keys, StringComparer.Ordinal))
        {
            script.Append($"add chain ip {table} {name}\n");
        }

        foreach (var (name, rules) in wanted.Chains)
        {
            WriteChain(script, table, name, old.Chains.GetValueOrDefault(name), rules);
        }

        foreach (var name in old.Elements.Keys.Union(wanted.Elements.Keys, StringComparer.Ordinal))
        {
            WriteElements(script, table, name, old.Elements.GetValueOrDefault(name, Nothing), wanted.Elements.GetValueOrDefault(name, Nothing));
        }

        var dropped = old.Chains.Keys.Except(wanted.Chains.Keys, StringComparer.Ordinal).ToList();
        dropped.ForEach(name => script.Append($"flush chain ip {table} {name}\n"));
        dropped.ForEach(name => script.Append($"delete chain ip {table} {name}\n"));
        foreach (var name in old.AffinitySets.Keys.Where(name => !wanted.AffinitySets.ContainsKey(name)))
        {
            script.Append($"delete set ip {table} {name}\n");
        }

        return script.ToString();
    }

    private static void AddSets(StringBuilder script, string table, RuleSet old, RuleSet wanted)
    {
        foreach (var (name, seconds) in wanted.AffinitySets)
        {
            if (!old.AffinitySets.ContainsKey(name))
            {
                script.Append($"add set ip {table} {name} {{ type ipv4_addr; flags dynamic,timeout; timeout {seconds}s; }}\n");
            }
        }
    }

    private static void WriteChain(StringBuilder script, string table, string name, IReadOnlyList<string>? old, IReadOnlyList<string> rules)
    {
        if (old is not null && old.SequenceEqual(rules, StringComparer.Ordinal))
        {
            return;
        }

        if (old is not null)
        {
            script.Append($"flush chain ip {table} {name}\n");
        }

        foreach (var rule in rules)
        {
            script.Append($"add rule ip {table} {name} {rule}\n");
        }
    }

    private static void WriteElements(
        StringBuilder script, string table, string name,
        SortedDictionary<string, string?> old, SortedDictionary<string, string?> wanted)
    {
        var gone = old.Where(one => !wanted.TryGetValue(one.Key, out var value) || value != one.Value).ToList();
        var come = wanted.Where(one => !old.TryGetValue(one.Key, out var value) || value != one.Value).ToList();
        if (gone.Count > 0)
        {
            script.Append($"delete element ip {table} {name} {{ {string.Join(", ", gone.Select(Element))} }}\n");
        }

        if (come.Count > 0)
        {
            script.Append($"add element ip {table} {name} {{ {string.Join(", ", come.Select(Element))} }}\n");
        }
    }

    private static string Element(KeyValuePair<string, string?> element) =>
        element.Value is null ? element.Key : $"{element.Key} : {element.Value}";
}
