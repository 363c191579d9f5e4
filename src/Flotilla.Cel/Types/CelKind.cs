namespace Flotilla.Cel.Types;

/// <summary>What sort of type a <see cref="CelType"/> is.</summary>
public enum CelKind
{
    Dyn,
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Object,
    Opaque,
    Type,
    TypeParameter,
}
