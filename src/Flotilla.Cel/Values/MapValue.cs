using Flotilla.Cel.Types;

namespace Flotilla.Cel.Values;

/// <summary>A map, or an object with fields: both are read by key.</summary>
public abstract class MapValue : CelValue
{
    public abstract int Count { get; }

    public override CelType Type => CelType.AnyMap;

    /// <summary>The value of a key, or null when the map does not have it.</summary>
    public abstract CelValue? Find(CelValue key);

    /// <summary>The keys for which <see cref="Find"/> answers something.</summary>
    public abstract IEnumerable<CelValue> Keys();

    public static MapValue Of(IEnumerable<KeyValuePair<string, CelValue>> entries)
    {
        var map = new EntryMap();
        foreach (var (key, value) in entries)
        {
            map.TryAdd(new StringValue(key), value);
        }
        return map;
    }

    internal override long? Size => Count;

    internal override bool IsEqualTo(CelValue other) =>
        other is MapValue map && map.Count == Count
        && Keys().All(key => map.Find(key) is { } theirs && Find(key) is { } mine && mine.IsEqualTo(theirs));
}

/// <summary>A map whose keys are of any key type; 1, 1u and 1.0 are one key.</summary>
internal sealed class EntryMap : MapValue
{
    private readonly Dictionary<CelValue, CelValue> entries = new(KeyComparer.Instance);

    public override int Count => entries.Count;

    public override CelValue? Find(CelValue key) => entries.GetValueOrDefault(key);

    public override IEnumerable<CelValue> Keys() => entries.Keys;

    public bool TryAdd(CelValue key, CelValue value) => entries.TryAdd(key, value);

    public EntryMap Copy()
    {
        var copy = new EntryMap();
        foreach (var (key, value) in entries)
        {
            copy.entries.Add(key, value);
        }
        return copy;
    }
}

/// <summary>An object of a named type that an expression has built.</summary>
internal sealed class BuiltObject(CelType type, IReadOnlyDictionary<string, CelValue> fields) : MapValue
{
    public override CelType Type => type;

    public override int Count => fields.Count;

    public override CelValue? Find(CelValue key) => key is StringValue name ? fields.GetValueOrDefault(name.Value) : null;

    public override IEnumerable<CelValue> Keys() => fields.Keys.Select(name => new StringValue(name));
}

/// <summary>Equality of the language for hash tables; lists hash alike whatever their order, because sets are equal so.</summary>
internal sealed class KeyComparer : IEqualityComparer<CelValue>
{
    public static readonly KeyComparer Instance = new();

    public bool Equals(CelValue? x, CelValue? y) => x is not null && y is not null && x.IsEqualTo(y);

    public int GetHashCode(CelValue value) => value switch
    {
        IntValue number => ((double)number.Value).GetHashCode(),
        UintValue number => ((double)number.Value).GetHashCode(),
        DoubleValue number => number.Value.GetHashCode(),
        StringValue text => text.Value.GetHashCode(StringComparison.Ordinal),
        BoolValue flag => flag.Value.GetHashCode(),
        BytesValue bytes => bytes.Value.Length,
        DurationValue span => span.Nanoseconds.GetHashCode(),
        TimestampValue time => time.Seconds.GetHashCode(),
        ListValue list => list.Items().Aggregate(list.Count, (sum, item) => unchecked(sum + GetHashCode(item))),
        MapValue map => map.Keys().Aggregate(map.Count, (sum, key) => unchecked(sum + GetHashCode(key))),
        _ => 0,
    };
}
