using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Validation;

/// <summary>One thing wrong with one field. <see cref="Type"/> and <see cref="Detail"/> are the words clients see.</summary>
public sealed record FieldError(string Type, string Field, string Body)
{
    /// <summary>The rule of <see cref="Validation.Ratchet"/> this breaks; null when nothing excuses it.</summary>
    public string? Ratchet { get; init; }

    /// <summary>The whole sentence, as it stands in <c>Status.message</c>.</summary>
    public override string ToString() => $"{Field}: {Body}";

    public static FieldError Required(string field, string detail = "") =>
        new("FieldValueRequired", field, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public static FieldError Invalid(string field, JsonNode? value, string detail) =>
        new("FieldValueInvalid", field, $"Invalid value: {Show(value)}: {detail}");

    public static FieldError Invalid(string field, string value, string detail) => Invalid(field, JsonValue.Create(value), detail);

    /// <summary>Wrong as a whole: the value is not repeated.</summary>
    public static FieldError InvalidAsWhole(string field, string detail) => new("FieldValueInvalid", field, $"Invalid value: {detail}");

    public static FieldError Forbidden(string field, string detail) => new("FieldValueForbidden", field, $"Forbidden: {detail}");

    public static FieldError Duplicate(string field, JsonNode? value) => new("FieldValueDuplicate", field, $"Duplicate value: {Show(value)}");

    public static FieldError NotFound(string field, JsonNode? value) => new("FieldValueNotFound", field, $"Not found: {Show(value)}");

    public static FieldError NotSupported(string field, JsonNode? value, IEnumerable<string> supported) =>
        new("FieldValueNotSupported", field, $"Unsupported value: {Show(value)}: supported values: {string.Join(", ", supported.Select(item => $"\"{item}\""))}");

    public static FieldError TooLong(string field, int maximum) => new("FieldValueTooLong", field, $"Too long: may not be more than {maximum} bytes");

    public static FieldError TooMany(string field, int actual, int maximum) => new("FieldValueTooMany", field, $"Too many: {actual}: must have at most {maximum} items");

    private static string Show(JsonNode? value) => value switch
    {
        null => "null",
        _ => value.ToJsonString(Readable),
    };

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
