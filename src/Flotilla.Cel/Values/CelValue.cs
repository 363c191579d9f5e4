using Flotilla.Cel.Types;

namespace Flotilla.Cel.Values;

/// <summary>
/// A value of the language. Immutable. Errors are values too (<see cref="ErrorValue"/>), because <c>&amp;&amp;</c> and
/// <c>||</c> absorb them.
/// </summary>
public abstract class CelValue
{
    /// <summary>The type the value has at run time; lists and maps do not know that of their contents.</summary>
    public abstract CelType Type { get; }

    /// <summary>Equality of the language: numbers compare across their types, values of other types are unequal.</summary>
    internal abstract bool IsEqualTo(CelValue other);

    /// <summary>Characters, bytes, items or entries; null for a value without a size.</summary>
    internal virtual long? Size => null;
}

/// <summary>A value that only its own library's functions look into.</summary>
public abstract class OpaqueValue(CelType type) : CelValue
{
    public override CelType Type => type;
}

/// <summary>What went wrong, in upstream's words.</summary>
public sealed class ErrorValue(string message) : CelValue
{
    internal static readonly ErrorValue NoSuchOverload = new("no such overload");

    public string Message => message;

    public override CelType Type => CelType.Error;

    internal override bool IsEqualTo(CelValue other) => ReferenceEquals(this, other);
}
