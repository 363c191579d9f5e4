using Flotilla.Cel.Checking;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>What every dialect of the language has.</summary>
internal static class StandardLibrary
{
    public static readonly IReadOnlyList<CelType> Types =
    [
        CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Bytes, CelType.Timestamp, CelType.Duration,
        CelType.Null, CelType.Type, CelType.AnyList, CelType.AnyMap, CelType.Optional(CelType.Dyn),
    ];

    public static void AddTo(FunctionTable table, RegexCache regexes)
    {
        Arithmetic.AddTo(table);
        Comparisons.AddTo(table);
        Conversions.AddTo(table);
        Times.AddTo(table);
        AddSizes(table);
        AddTexts(table, regexes);
        AddMapInsert(table);
    }

    private static void AddSizes(FunctionTable table)
    {
        (CelType Type, string Name)[] sized =
        [
            (CelType.String, "string"), (CelType.Bytes, "bytes"), (CelType.List(CelType.Parameter("A")), "list"),
            (CelType.Map(CelType.Parameter("A"), CelType.Parameter("B")), "map"),
        ];
        foreach (var (type, name) in sized)
        {
            table.Function("size", $"size_{name}", [type], CelType.Int, values => new IntValue(values[0].Size ?? 0));
            table.Member("size", $"{name}_size", [type], CelType.Int, values => new IntValue(values[0].Size ?? 0));
        }
    }

    private static void AddTexts(FunctionTable table, RegexCache regexes)
    {
        Test(table, "contains", "contains_string", (text, part) => text.Contains(part, StringComparison.Ordinal));
        Test(table, "startsWith", "starts_with_string", (text, part) => text.StartsWith(part, StringComparison.Ordinal));
        Test(table, "endsWith", "ends_with_string", (text, part) => text.EndsWith(part, StringComparison.Ordinal));
        Implementation matches = values => regexes.Get(((StringValue)values[1]).Value, out var error) is { } regex
            ? BoolValue.Of(regex.IsMatch(((StringValue)values[0]).Value)) : new ErrorValue(error);
        table.Member("matches", "matches_string", [CelType.String, CelType.String], CelType.Bool, matches);
        table.Function("matches", "matches", [CelType.String, CelType.String], CelType.Bool, matches);
    }

    private static void Test(FunctionTable table, string name, string id, Func<string, string, bool> test) =>
        table.Member(name, id, [CelType.String, CelType.String], CelType.Bool,
            values => BoolValue.Of(test(((StringValue)values[0]).Value, ((StringValue)values[1]).Value)));

    /// <summary>What the macros that build maps call; users cannot.</summary>
    private static void AddMapInsert(FunctionTable table)
    {
        CelType key = CelType.Parameter("K"), value = CelType.Parameter("V"), map = CelType.Map(key, value);
        table.Function(Operators.MapInsert, "@mapInsert_map_key_value", [map, key, value], map,
            values => Insert((MapValue)values[0], [new(values[1], values[2])]));
        table.Function(Operators.MapInsert, "@mapInsert_map_map", [map, map], map, values => Insert(
            (MapValue)values[0], ((MapValue)values[1]).Keys().Select(name => new KeyValuePair<CelValue, CelValue>(name, ((MapValue)values[1]).Find(name)!))));
    }

    private static CelValue Insert(MapValue map, IEnumerable<KeyValuePair<CelValue, CelValue>> entries)
    {
        var grown = map is EntryMap entryMap ? entryMap.Copy() : new EntryMap();
        foreach (var (key, value) in entries)
        {
            if (!grown.TryAdd(key, value))
            {
                return new ErrorValue($"insert failed: key '{(key is StringValue text ? text.Value : key.Type.Name)}' already exists");
            }
        }
        return grown;
    }
}
