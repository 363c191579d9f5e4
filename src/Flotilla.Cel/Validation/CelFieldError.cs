namespace Flotilla.Cel;

/// <summary>
/// One thing wrong with one field, in the words clients see: <see cref="Type"/> is the reason of the cause
/// (<c>FieldValueInvalid</c>), <see cref="Body"/> all that follows the field.
/// </summary>
public sealed record CelFieldError(string Type, string Field, string Body)
{
    public override string ToString() => $"{Field}: {Body}";

    /// <param name="value">The bad value as it is shown; null leaves it out.</param>
    internal static CelFieldError Invalid(string field, string? value, string detail) =>
        new("FieldValueInvalid", field, value is null ? $"Invalid value: {detail}" : $"Invalid value: {value}: {detail}");

    internal static CelFieldError Forbidden(string field, string detail) => new("FieldValueForbidden", field, $"Forbidden: {detail}");

    internal static CelFieldError Required(string field, string detail) => new("FieldValueRequired", field, $"Required value: {detail}");

    internal static CelFieldError Duplicate(string field, string? value) =>
        new("FieldValueDuplicate", field, value is null ? "Duplicate value" : $"Duplicate value: {value}");
}
