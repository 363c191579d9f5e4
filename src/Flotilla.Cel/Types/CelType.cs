namespace Flotilla.Cel.Types;

/// <summary>
/// A type of the language. Immutable. Two types are equal when kind, name and parameters are; <see cref="MaxElements"/>
/// (characters, bytes, items or entries) only bounds cost estimates.
/// </summary>
public sealed class CelType : IEquatable<CelType>
{
    public static readonly CelType Dyn = new(CelKind.Dyn, "dyn");
    public static readonly CelType Null = new(CelKind.Null, "null_type");
    public static readonly CelType Bool = new(CelKind.Bool, "bool");
    public static readonly CelType Int = new(CelKind.Int, "int");
    public static readonly CelType Uint = new(CelKind.Uint, "uint");
    public static readonly CelType Double = new(CelKind.Double, "double");
    public static readonly CelType String = new(CelKind.String, "string");
    public static readonly CelType Bytes = new(CelKind.Bytes, "bytes");
    public static readonly CelType Timestamp = new(CelKind.Timestamp, "google.protobuf.Timestamp");
    public static readonly CelType Duration = new(CelKind.Duration, "google.protobuf.Duration");
    public static readonly CelType Type = new(CelKind.Type, "type");
    internal static readonly CelType Error = new(CelKind.Error, "!error!");
    internal static readonly CelType AnyList = List(Dyn);
    internal static readonly CelType AnyMap = Map(Dyn, Dyn);

    private readonly Func<string, CelType?>? fields;

    private CelType(CelKind kind, string name, CelType[]? parameters = null, Func<string, CelType?>? fields = null)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters ?? [];
        this.fields = fields;
    }

    public CelKind Kind { get; }

    public string Name { get; }

    public IReadOnlyList<CelType> Parameters { get; }

    /// <summary>The most elements a value can have, or null when nothing is known.</summary>
    public long? MaxElements { get; private init; }

    public static CelType List(CelType element) => new(CelKind.List, "list", [element]);

    public static CelType Map(CelType key, CelType value) => new(CelKind.Map, "map", [key, value]);

    public static CelType Optional(CelType value) => new(CelKind.Opaque, "optional_type", [value]);

    /// <summary>A type whose values only its own functions can look into.</summary>
    public static CelType Opaque(string name) => new(CelKind.Opaque, name);

    /// <summary>A type with named fields; <paramref name="fields"/> answers null for a field it does not have.</summary>
    public static CelType Object(string name, Func<string, CelType?> fields) => new(CelKind.Object, name, [], fields);

    /// <summary>A type with a fixed set of fields.</summary>
    public static CelType Object(string name, IReadOnlyDictionary<string, CelType> fields) =>
        Object(name, field => fields.GetValueOrDefault(field));

    public CelType WithMaxElements(long maxElements) =>
        new(Kind, Name, [.. Parameters], fields) { MaxElements = maxElements };

    public bool Equals(CelType? other) =>
        other is not null && Kind == other.Kind && string.Equals(Name, other.Name, StringComparison.Ordinal)
        && Parameters.SequenceEqual(other.Parameters);

    public override bool Equals(object? obj) => Equals(obj as CelType);

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Parameters.Count);

    /// <summary>The type as error messages show it, like <c>map(string, int)</c>.</summary>
    public override string ToString() => TypeText.Of(this);

    internal static CelType Parameter(string name) => new(CelKind.TypeParameter, name);

    internal static CelType TypeOf(CelType type) => new(CelKind.Type, "type", [type]);

    internal bool IsOptional => Kind == CelKind.Opaque && string.Equals(Name, "optional_type", StringComparison.Ordinal);

    internal bool IsDynOrError => Kind is CelKind.Dyn or CelKind.Error;

    /// <summary>The type of a field, as expressions name it; null: there is none.</summary>
    public CelType? FieldNamed(string name) => fields?.Invoke(name);

    internal CelType WithParameters(CelType[] parameters) => new(Kind, Name, parameters, fields) { MaxElements = MaxElements };
}
