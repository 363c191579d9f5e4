namespace Flotilla.Api.GoTypes;

internal enum GoKind
{
    String,
    Integer,
    Boolean,
    Quantity,
    Time,
    IntOrString,
    Struct,
    List,
    Map,
}

/// <summary>The type of one Go value.</summary>
/// <param name="Name">As Go's reflection prints it, e.g. <c>[]v1.Container</c>; without the star of a pointer.</param>
/// <param name="Element">Of lists and maps; the keys of a map are strings.</param>
internal sealed record GoType(GoKind Kind, string Name, GoType? Element = null)
{
    public bool IsPointer { get; init; }

    public string PrintedName => IsPointer ? "*" + Name : Name;
}

/// <summary>Where the value of a Go field stands in JSON.</summary>
internal enum GoPlace
{
    Field,

    /// <summary>Embedded: its fields are fields of the same JSON object.</summary>
    Inline,

    /// <summary>Embedded in Go, but with a JSON object of its own.</summary>
    EmbeddedField,

    /// <summary>In the object around this one.</summary>
    Enclosing,
}

internal sealed record GoField(string Name, GoType Type, string Json, GoPlace Place);

/// <summary>A Go struct, its fields in the order of their declaration.</summary>
internal sealed class GoStruct
{
    public List<GoField> Fields { get; } = [];

    /// <summary>Has JSON tags even where the rest of the server's own types has none: written under those names, empty fields left out.</summary>
    public bool HasJsonNames { get; init; }
}
