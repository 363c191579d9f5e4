namespace Flotilla.Cel.Types;

/// <summary>How types and calls appear in error messages.</summary>
internal static class TypeText
{
    public static string Of(CelType type) => type.Kind switch
    {
        CelKind.Null => "null",
        CelKind.Timestamp => "timestamp",
        CelKind.Duration => "duration",
        CelKind.Type when type.Parameters.Count == 0 => "type",
        _ when type.Parameters.Count == 0 => type.Name,
        _ => $"{type.Name}({Join(type.Parameters)})",
    };

    /// <summary><c>(int, string)</c> of a function, <c>string.(int)</c> of a method.</summary>
    public static string Call(IReadOnlyList<CelType> arguments, bool isMember) =>
        isMember ? $"{Of(arguments[0])}.({Join(arguments.Skip(1))})" : $"({Join(arguments)})";

    private static string Join(IEnumerable<CelType> types) => string.Join(", ", types.Select(Of));
}
