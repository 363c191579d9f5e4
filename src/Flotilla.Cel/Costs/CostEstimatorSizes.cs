using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Costs;

/// <summary>How large values can be.</summary>
internal sealed partial class CostEstimator
{
    private IReadOnlyList<string> PathOf(Expression node) =>
        node is Identifier identifier && Find(identifier.Name) is { } local ? local.Path : paths.GetValueOrDefault(node) ?? [];

    private CostRange SizeOrUnknown(Expression node) => SizeOf(node) ?? CostRange.Unknown;

    private CostRange? SizeOf(Expression node)
    {
        if (sizes.TryGetValue(node, out var known))
        {
            return known;
        }
        if (Written(node) is { } written)
        {
            return CostRange.Exactly(written);
        }
        if (Declared(PathOf(node)) is { } declared)
        {
            sizes[node] = declared;
            return declared;
        }
        return IsScalar(node.Type) ? CostRange.Exactly(1) : node is Identifier identifier ? Find(identifier.Name)?.Size : null;
    }

    private EntrySizes? EntriesOf(Expression node) =>
        entries.GetValueOrDefault(node) ?? (node is Identifier identifier ? Find(identifier.Name)?.Entries : null);

    private void Note(Expression node, CostRange? size)
    {
        if (size is { } known)
        {
            sizes[node] = known;
        }
    }

    private void CopySizes(Expression to, Expression from)
    {
        Note(to, SizeOf(from));
        if (EntriesOf(from) is { } found)
        {
            entries[to] = found;
        }
    }

    private SizedNode Sized(Expression node)
    {
        var path = PathOf(node);
        return new SizedNode(node.Type, path is [] or [Macros.Build.Accumulator, ..] ? null : path, SizeOf(node), node);
    }

    /// <summary>The bound of whatever a path leads to, as its schema declares it.</summary>
    private CostRange? Declared(IReadOnlyList<string> path)
    {
        var type = path.Count == 0 ? null : variables(path[0]);
        foreach (var step in path.Skip(1))
        {
            type = type is null ? null : Step(type, step);
        }
        return type?.MaxElements is { } most ? new CostRange(0, (ulong)most) : null;
    }

    private static CelType? Step(CelType type, string step) => (type.IsOptional ? type.Parameters[0] : type) switch
    {
        { Kind: CelKind.List } list => step == "@items" ? list.Parameters[0] : null,
        { Kind: CelKind.Map } map => step switch { "@keys" => map.Parameters[0], "@values" => map.Parameters[1], _ => null },
        var inner => inner.FieldNamed(step),
    };

    private static ulong? Written(Expression node) => node switch
    {
        Literal { Value: StringValue or BytesValue } literal => (ulong)literal.Value.Size!.Value,
        Literal => 1,
        CreateList list => (ulong)list.Items.Count,
        CreateMap map => (ulong)map.Entries.Count,
        _ => null,
    };

    private static bool IsScalar(CelType type) => type.Kind switch
    {
        CelKind.Bool or CelKind.Double or CelKind.Duration or CelKind.Int or CelKind.Timestamp or CelKind.Uint => true,
        _ => type.IsOptional && IsScalar(type.Parameters[0]),
    };
}
