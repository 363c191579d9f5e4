using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Checking;

/// <summary>What a function does with values of the types it declares; never called with errors unless it is not strict.</summary>
internal delegate CelValue Implementation(CelValue[] arguments);

/// <summary>
/// One signature of a function. <see cref="Id"/> is upstream's name of it: costs are counted by it. Of a member, the first
/// argument type is that of what it is called on.
/// </summary>
internal sealed record Overload(
    string Id, bool IsMember, CelType[] Arguments, CelType Result, Implementation Call, bool IsStrict = true)
{
    /// <summary>Whether values whose types were unknown to the checker fit after all.</summary>
    public bool Accepts(CelValue[] values)
    {
        if (values.Length != Arguments.Length)
        {
            return false;
        }
        for (var i = 0; i < values.Length; i++)
        {
            if (!Accepts(Arguments[i], values[i]))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Accepts(CelType type, CelValue value) => type.Kind switch
    {
        CelKind.Dyn or CelKind.TypeParameter => true,
        CelKind.List => value is ListValue list
            && (type.Parameters[0].Kind is CelKind.Dyn or CelKind.TypeParameter || list.Count == 0 || Accepts(type.Parameters[0], list[0])),
        CelKind.Map => value is MapValue,
        CelKind.Object or CelKind.Opaque => string.Equals(value.Type.Name, type.Name, StringComparison.Ordinal),
        _ => value.Type.Kind == type.Kind,
    };
}
