namespace Flotilla.Api.Schema;

public enum ValueKind
{
    String,
    Int32,
    Int64,
    Double,
    Boolean,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    Object,
    List,
    Map,
    Any,
}

/// <summary>The shape of one JSON value. <see cref="Element"/> is set for lists and maps, <see cref="Type"/> for objects.</summary>
public sealed record ValueSchema(ValueKind Kind, ValueSchema? Element = null, TypeSchema? Type = null)
{
    public static readonly ValueSchema Any = new(ValueKind.Any);

    /// <summary>The name Go gives this type, as decoding errors print it.</summary>
    public string GoName => Kind switch
    {
        ValueKind.String => "string",
        ValueKind.Int32 => "int32",
        ValueKind.Int64 => "int64",
        ValueKind.Double => "float64",
        ValueKind.Boolean => "bool",
        ValueKind.Bytes => "[]uint8",
        ValueKind.Time => "v1.Time",
        ValueKind.MicroTime => "v1.MicroTime",
        ValueKind.Quantity => "resource.Quantity",
        ValueKind.IntOrString => "intstr.IntOrString",
        ValueKind.Object => Type!.GoName,
        ValueKind.List => "[]" + Element!.GoName,
        ValueKind.Map => "map[string]" + Element!.GoName,
        _ => "interface {}",
    };
}

/// <summary>How lists and maps are owned and merged by apply.</summary>
public enum ListOwnership
{
    Atomic,
    Set,
    Map,
}

/// <summary>One field of a type: its shape and the merge rules clients rely on.</summary>
public sealed record FieldSchema(string Name, ValueSchema Value)
{
    /// <summary>The field as an element of a path in managed fields.</summary>
    public string Element { get; } = "f:" + Name;

    public bool Required { get; init; }

    public ListOwnership Ownership { get; init; } = ListOwnership.Atomic;

    /// <summary>Keys that identify an element of a list owned as a map.</summary>
    public IReadOnlyList<string> MapKeys { get; init; } = [];

    /// <summary>An object or map that apply replaces as a whole.</summary>
    public bool AtomicMap { get; init; }

    /// <summary>Strategic merge: lists of this field are merged, not replaced.</summary>
    public bool PatchMerge { get; init; }

    /// <summary>Strategic merge: keys absent from the patch are removed.</summary>
    public bool PatchRetainKeys { get; init; }

    public string? PatchMergeKey { get; init; }
}

/// <summary>A named type of the API, e.g. <c>core.v1.PodSpec</c>; the same instance is shared by all that refer to it.</summary>
public sealed class TypeSchema(string name)
{
    /// <summary>Table name: OpenAPI definition name without the prefix <c>io.k8s.api.</c>.</summary>
    public string Name { get; } = name;

    public string OpenApiName => Name.StartsWith("io.", StringComparison.Ordinal) ? Name : "io.k8s.api." + Name;

    public Dictionary<string, FieldSchema> Fields { get; } = new(StringComparer.Ordinal);

    public bool Atomic { get; set; }

    /// <summary>Free-form: any JSON, not descended into.</summary>
    public bool FreeForm { get; set; }

    public List<ResourceKind> Kinds { get; } = [];

    /// <summary>Short Go name: package and type, e.g. <c>v1.PodSpec</c>.</summary>
    public string GoName
    {
        get
        {
            var parts = Name.Split('.');
            return parts.Length < 2 ? Name : $"{parts[^2]}.{parts[^1]}";
        }
    }

    public string GoStruct => Name[(Name.LastIndexOf('.') + 1)..];
}

/// <summary>Group, version and kind as they stand in a body.</summary>
public readonly record struct ResourceKind(string Group, string Version, string Kind)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}
