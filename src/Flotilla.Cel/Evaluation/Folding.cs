using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>Evaluates while planning what cannot change later.</summary>
internal static class Folding
{
    private static readonly HashSet<string> Conversions = new(StringComparer.Ordinal)
    {
        "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "uint",
    };

    public static Node Simplify(Call call, Node[] arguments, CallNode node) => call.Function switch
    {
        Operators.In when arguments[1] is ConstantNode { Value: ListValue list } && IsPlain(list) =>
            new MembershipNode(arguments[0], new HashSet<CelValue>(list.Items(), KeyComparer.Instance)),
        _ when Conversions.Contains(call.Function) && arguments is [ConstantNode] => Evaluate(node),
        _ => node,
    };

    public static Node Evaluate(Node node) =>
        new ConstantNode(node.Evaluate(new Frame(new CelBindings(), 0, ulong.MaxValue, CancellationToken.None)));

    private static bool IsPlain(ListValue list) => list.Items().All(item =>
        item.Type.Kind is CelKind.Bool or CelKind.Double or CelKind.Int or CelKind.String or CelKind.Uint);
}
