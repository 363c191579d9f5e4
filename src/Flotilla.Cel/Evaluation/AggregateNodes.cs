using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

internal sealed class ListNode(Node[] items, IReadOnlySet<int> optional) : Node
{
    public const int Cost = 10;

    public override CelValue Evaluate(Frame frame)
    {
        var values = new List<CelValue>(items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            var value = Aggregates.Unwrap(items[i].Evaluate(frame), optional.Contains(i));
            if (value is ErrorValue)
            {
                return value;
            }
            if (value is not null)
            {
                values.Add(value);
            }
        }
        frame.Charge(Cost);
        return ListValue.Of(values);
    }
}

internal sealed class MapNode((Node Key, Node Value, bool IsOptional)[] entries) : Node
{
    public const int Cost = 30;

    public override CelValue Evaluate(Frame frame)
    {
        var map = new EntryMap();
        foreach (var entry in entries)
        {
            var key = entry.Key.Evaluate(frame);
            var value = key is ErrorValue ? key : Aggregates.Unwrap(entry.Value.Evaluate(frame), entry.IsOptional);
            if (value is ErrorValue)
            {
                return value;
            }
            if (value is not null && Aggregates.Insert(map, key, value) is { } error)
            {
                return error;
            }
        }
        frame.Charge(Cost);
        return map;
    }
}

internal sealed class ObjectNode(CelType type, (string Name, Node Value, bool IsOptional)[] fields) : Node
{
    public const int Cost = 40;

    public override CelValue Evaluate(Frame frame)
    {
        var values = new Dictionary<string, CelValue>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var value = Aggregates.Unwrap(field.Value.Evaluate(frame), field.IsOptional);
            if (value is ErrorValue)
            {
                return value;
            }
            if (value is not null)
            {
                values[field.Name] = value;
            }
        }
        frame.Charge(Cost);
        return new BuiltObject(type, values);
    }
}

internal static class Aggregates
{
    /// <summary>What an optional entry holds; null leaves it out.</summary>
    public static CelValue? Unwrap(CelValue value, bool isOptional) => (isOptional, value) switch
    {
        (false, _) or (_, ErrorValue) => value,
        (_, OptionalValue optional) => optional.Value,
        _ => new ErrorValue($"cannot initialize optional entry from non-optional value {value.Type.Name}"),
    };

    public static ErrorValue? Insert(EntryMap map, CelValue key, CelValue value) => key switch
    {
        not (StringValue or IntValue or UintValue or BoolValue) => new ErrorValue($"unsupported key type: {key.Type.Name}"),
        _ when map.TryAdd(key, value) => null,
        _ => new ErrorValue("Failed with repeated key"),
    };
}
