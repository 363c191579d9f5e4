using Flotilla.Cel.Types;

namespace Flotilla.Cel.Checking;

/// <summary>The names comprehensions have bound around the node being checked.</summary>
internal sealed class Scope(Scope? outer, string name, CelType type)
{
    public static CelType? Find(Scope? scope, string name)
    {
        for (; scope is not null; scope = scope.Outer)
        {
            if (string.Equals(scope.Name, name, StringComparison.Ordinal))
            {
                return scope.Bound;
            }
        }
        return null;
    }

    private Scope? Outer => outer;

    private string Name => name;

    private CelType Bound => type;
}
