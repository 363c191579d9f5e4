using Flotilla.Cel.Syntax;

namespace Flotilla.Cel.Checking;

/// <summary>Walks over a checked tree.</summary>
internal static class Names
{
    /// <summary>The declared variables a tree refers to.</summary>
    public static HashSet<string> UsedBy(Expression root) => All(root)
        .Select(node => node is Select { Resolved: { } resolved } ? resolved : node)
        .OfType<Identifier>().Where(identifier => !identifier.IsLocal && identifier.NamedType is null)
        .Select(identifier => identifier.Name.TrimStart('.')).ToHashSet(StringComparer.Ordinal);

    public static IEnumerable<Expression> All(Expression root)
    {
        var waiting = new Stack<Expression>([root]);
        while (waiting.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node))
            {
                waiting.Push(child);
            }
        }
    }

    private static IEnumerable<Expression> Children(Expression node) => node switch
    {
        Select { Resolved: null } select => [select.Operand],
        Call call => call.Target is null ? call.Arguments : [call.Target, .. call.Arguments],
        CreateList list => list.Items,
        CreateMap map => map.Entries.SelectMany(entry => (Expression[])[entry.Key, entry.Value]),
        CreateObject instance => instance.Fields.Select(field => field.Value),
        Comprehension loop => [loop.Range, loop.Initial, loop.Condition, loop.Step, loop.Result],
        _ => [],
    };
}
