using System.Text;

namespace Flotilla.Network.Services;

/// <summary>The nft commands of a change. Run together they are one transaction.</summary>
internal static class RuleScript
{
    public static string For(string table, RuleChange change)
    {
        var script = new StringBuilder();

        // What is referred to must exist before, and be let go of after, what refers to it.
        foreach (var set in change.Sets.Where(set => !set.Old.Exists))
        {
            script.Append($"add set {table} {set.Key} {{ {set.New.Value} }}\n");
        }

        foreach (var chain in change.Chains.Where(chain => chain.New.Exists && !chain.Old.Exists))
        {
            script.Append($"add chain {table} {chain.Key}\n");
        }

        foreach (var chain in change.Chains.Where(chain => chain.New.Exists))
        {
            WriteChain(script, table, chain);
        }

        foreach (var collection in change.Elements.GroupBy(element => element.Key.Collection, StringComparer.Ordinal))
        {
            WriteElements(script, table, collection.Key, collection);
        }

        var dropped = change.Chains.Where(chain => !chain.New.Exists).Select(chain => chain.Key).ToList();
        dropped.ForEach(name => script.Append($"flush chain {table} {name}\n"));
        dropped.ForEach(name => script.Append($"delete chain {table} {name}\n"));
        foreach (var set in change.Sets.Where(set => !set.New.Exists))
        {
            script.Append($"delete set {table} {set.Key}\n");
        }

        return script.ToString();
    }

    private static void WriteChain(StringBuilder script, string table, Changed<string, IReadOnlyList<string>> chain)
    {
        if (chain.Old.Exists)
        {
            script.Append($"flush chain {table} {chain.Key}\n");
        }

        foreach (var rule in chain.New.Value!)
        {
            script.Append($"add rule {table} {chain.Key} {rule}\n");
        }
    }

    private static void WriteElements(
        StringBuilder script, string table, string collection, IEnumerable<Changed<(string Collection, string Element), string?>> elements)
    {
        var all = elements.ToList();
        var gone = all.Where(one => one.Old.Exists).Select(one => Element(one.Key.Element, one.Old.Value)).ToList();
        var come = all.Where(one => one.New.Exists).Select(one => Element(one.Key.Element, one.New.Value)).ToList();
        if (gone.Count > 0)
        {
            script.Append($"delete element {table} {collection} {{ ").AppendJoin(", ", gone).Append(" }\n");
        }

        if (come.Count > 0)
        {
            script.Append($"add element {table} {collection} {{ ").AppendJoin(", ", come).Append(" }\n");
        }
    }

    private static string Element(string element, string? value) => value is null ? element : $"{element} : {value}";
}
