using System.Collections.Frozen;

namespace Flotilla.Api.Schema;

/// <summary>
/// All types of the built-in API, read once from the embedded table <c>kubernetes.schema</c>.
/// Normalisation, patches, field ownership, OpenAPI and protobuf all derive from it.
/// </summary>
public sealed class SchemaTable
{
    private static readonly Lazy<SchemaTable> Loaded = new(Load);
    private readonly FrozenDictionary<string, TypeSchema> types;
    private readonly FrozenDictionary<ResourceKind, TypeSchema> kinds;

    private SchemaTable(Dictionary<string, TypeSchema> types)
    {
        this.types = types.ToFrozenDictionary(StringComparer.Ordinal);
        kinds = types.Values.SelectMany(type => type.Kinds.Select(kind => (kind, type)))
            .DistinctBy(pair => pair.kind)
            .ToFrozenDictionary(pair => pair.kind, pair => pair.type);
    }

    public static SchemaTable BuiltIn => Loaded.Value;

    public IEnumerable<TypeSchema> Types => types.Values;

    public TypeSchema this[string name] => types[name];

    /// <summary>A type by its name in the table; null: there is none.</summary>
    public TypeSchema? Named(string name) => types.GetValueOrDefault(name);

    public TypeSchema? Find(ResourceKind kind) => kinds.GetValueOrDefault(kind);

    private static SchemaTable Load()
    {
        using var stream = typeof(SchemaTable).Assembly.GetManifestResourceStream("kubernetes.schema")
            ?? throw new InvalidOperationException("The schema table is not embedded.");
        using var reader = new StreamReader(stream);
        var types = new Dictionary<string, TypeSchema>(StringComparer.Ordinal);
        TypeSchema? current = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#') || line.Length == 0)
            {
                continue;
            }

            if (line[0] == '@')
            {
                current = ReadType(line, types);
            }
            else
            {
                var field = ReadField(line, types);
                current!.Fields.Add(field.Name, field);
            }
        }

        return new SchemaTable(types);
    }

    private static TypeSchema ReadType(string line, Dictionary<string, TypeSchema> types)
    {
        var words = line[1..].Split(' ');
        var type = Reference(words[0], types);
        foreach (var word in words.AsSpan(1))
        {
            if (word == "atomic")
            {
                type.Atomic = true;
            }
            else if (word == "any")
            {
                type.FreeForm = true;
            }
            else if (word.StartsWith("gvk=", StringComparison.Ordinal))
            {
                var parts = word[4..].Split('/');
                type.Kinds.Add(new ResourceKind(parts[0], parts[1], parts[2]));
            }
        }

        return type;
    }

    private static FieldSchema ReadField(string line, Dictionary<string, TypeSchema> types)
    {
        var words = line.Split(' ');
        var name = words[0].TrimEnd('!');
        var field = new FieldSchema(name, ReadValue(words[1], types)) { Required = words[0].EndsWith('!') };
        foreach (var word in words.AsSpan(2))
        {
            var (option, argument) = word.IndexOf('=', StringComparison.Ordinal) is var at && at < 0 ? (word, "") : (word[..at], word[(at + 1)..]);
            field = option switch
            {
                "map" => field with { Ownership = ListOwnership.Map, MapKeys = argument.Split(',') },
                "set" => field with { Ownership = ListOwnership.Set },
                "atomic" => field with { AtomicMap = true },
                _ => WithPatch(field, argument),
            };
        }

        return field;
    }

    private static FieldSchema WithPatch(FieldSchema field, string argument)
    {
        var (strategies, key) = argument.IndexOf(':', StringComparison.Ordinal) is var at && at < 0 ? (argument, null) : (argument[..at], argument[(at + 1)..]);
        var list = strategies.Split(',');
        return field with { PatchMerge = list.Contains("merge"), PatchRetainKeys = list.Contains("retainKeys"), PatchMergeKey = key };
    }

    private static ValueSchema ReadValue(string text, Dictionary<string, TypeSchema> types) => text switch
    {
        "string" => new(ValueKind.String),
        "int32" => new(ValueKind.Int32),
        "int64" => new(ValueKind.Int64),
        "double" => new(ValueKind.Double),
        "bool" => new(ValueKind.Boolean),
        "bytes" => new(ValueKind.Bytes),
        "time" => new(ValueKind.Time),
        "microtime" => new(ValueKind.MicroTime),
        "quantity" => new(ValueKind.Quantity),
        "intorstring" => new(ValueKind.IntOrString),
        "any" => ValueSchema.Any,
        _ when text.StartsWith("[]", StringComparison.Ordinal) => new(ValueKind.List, ReadValue(text[2..], types)),
        _ when text.StartsWith("{}", StringComparison.Ordinal) => new(ValueKind.Map, ReadValue(text[2..], types)),
        _ when text.StartsWith('#') => new(ValueKind.Object, Type: Reference(text[1..], types)),
        _ => throw new InvalidOperationException($"The schema table has an unknown type '{text}'."),
    };

    private static TypeSchema Reference(string name, Dictionary<string, TypeSchema> types)
    {
        if (!types.TryGetValue(name, out var type))
        {
            types.Add(name, type = new TypeSchema(name));
        }

        return type;
    }
}
