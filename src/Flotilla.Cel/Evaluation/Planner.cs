using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>
/// Turns a checked tree into nodes. With <c>foldConstants</c>, as Kubernetes has it, literals and conversions of literals
/// are made once here and cost nothing later.
/// </summary>
internal sealed class Planner(bool foldConstants)
{
    private readonly Dictionary<string, Stack<int>> slots = new(StringComparer.Ordinal);

    /// <summary>How many locals an evaluation needs.</summary>
    public int Locals { get; private set; }

    public Node Plan(Expression node) => node switch
    {
        Literal literal => new ConstantNode(literal.Value),
        Identifier identifier => PlanIdentifier(identifier),
        Select select => PlanSelect(select),
        Call call => PlanCall(call),
        CreateList list => PlanList(list),
        CreateMap map => PlanMap(map),
        CreateObject instance => new ObjectNode(
            instance.Type, [.. instance.Fields.Select(field => (field.Name, Plan(field.Value), field.IsOptional))]),
        Comprehension { IsBinding: true } binding => PlanBinding(binding),
        Comprehension loop => PlanLoop(loop),
        _ => throw new InvalidOperationException($"unknown node {node.GetType()}"),
    };

    private Node PlanIdentifier(Identifier identifier) =>
        identifier.IsLocal ? new LocalNode(slots[identifier.Name].Peek())
        : identifier.NamedType is { } type ? new ConstantNode(type)
        : new VariableNode(identifier.Name.TrimStart('.'));

    private Node PlanSelect(Select select)
    {
        if (select.Resolved is { } resolved)
        {
            return PlanIdentifier(resolved);
        }
        var operand = PlanAttribute(select.Operand);
        var field = new StringValue(select.Field);
        return select.TestOnly ? new HasNode(operand, field)
            : operand.With(new Qualifier(new ConstantNode(field), isOptional: false));
    }

    private AttributeNode PlanAttribute(Expression operand)
    {
        var node = Plan(operand);
        return node as AttributeNode ?? new RelativeNode(node);
    }

    private Node PlanCall(Call call)
    {
        var arguments = call.Arguments;
        return call.Function switch
        {
            Operators.And => new LogicNode(Plan(arguments[0]), Plan(arguments[1]), BoolValue.False),
            Operators.Or => new LogicNode(Plan(arguments[0]), Plan(arguments[1]), BoolValue.True),
            Operators.Conditional => new ConditionalNode(Plan(arguments[0]), Plan(arguments[1]), Plan(arguments[2])),
            Operators.Index => PlanAttribute(arguments[0]).With(new Qualifier(Plan(arguments[1]), isOptional: false)),
            Operators.OptionalIndex or Operators.OptionalSelect =>
                PlanAttribute(arguments[0]).With(new Qualifier(Plan(arguments[1]), isOptional: true)),
            _ => PlanFunction(call),
        };
    }

    private Node PlanFunction(Call call)
    {
        Node[] arguments = [.. (call.Target is null ? call.Arguments : [call.Target, .. call.Arguments]).Select(Plan)];
        if (call.Overloads is [{ Id: "optional_or_optional" or "optional_orValue_value" }])
        {
            return new OtherwiseNode(arguments[0], arguments[1], unwraps: call.Function == "orValue");
        }
        var node = new CallNode(call.Function, call.Overloads, arguments);
        return foldConstants ? Folding.Simplify(call, arguments, node) : node;
    }

    private Node PlanList(CreateList list)
    {
        Node[] items = [.. list.Items.Select(Plan)];
        return foldConstants && list.Optional.Count == 0 && Array.TrueForAll(items, item => item is ConstantNode)
            ? new ConstantNode(ListValue.Of([.. items.Select(item => ((ConstantNode)item).Value)]))
            : new ListNode(items, list.Optional);
    }

    private Node PlanMap(CreateMap map)
    {
        (Node Key, Node Value, bool IsOptional)[] entries =
            [.. map.Entries.Select(entry => (Plan(entry.Key), Plan(entry.Value), entry.IsOptional))];
        var node = new MapNode(entries);
        return foldConstants && Array.TrueForAll(entries, entry => entry is { Key: ConstantNode, Value: ConstantNode, IsOptional: false })
            ? Folding.Evaluate(node) : node;
    }

    private BindNode PlanBinding(Comprehension binding)
    {
        var range = Plan(binding.Range);
        var value = Plan(binding.Initial);
        var slot = Push(binding.Accumulator);
        var result = Plan(binding.Result);
        slots[binding.Accumulator].Pop();
        return new BindNode(range, slot, value, result);
    }

    private LoopNode PlanLoop(Comprehension loop)
    {
        var (range, initial) = (Plan(loop.Range), Plan(loop.Initial));
        var accumulator = Push(loop.Accumulator);
        var slot = Push(loop.Variable);
        int? second = loop.SecondVariable is { } name ? Push(name) : null;
        var (condition, step) = (Plan(loop.Condition), Plan(loop.Step));
        slots[loop.Variable].Pop();
        if (loop.SecondVariable is { } bound)
        {
            slots[bound].Pop();
        }
        var result = Plan(loop.Result);
        slots[loop.Accumulator].Pop();
        return new LoopNode
        {
            Range = range,
            Slot = slot,
            SecondSlot = second,
            AccumulatorSlot = accumulator,
            Initial = initial,
            Condition = condition,
            Step = step,
            Result = result,
        };
    }

    private int Push(string name)
    {
        if (!slots.TryGetValue(name, out var stack))
        {
            slots[name] = stack = new Stack<int>();
        }
        stack.Push(Locals);
        return Locals++;
    }
}
