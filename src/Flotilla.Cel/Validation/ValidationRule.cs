using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Cel.Validation;

/// <summary>One entry of x-kubernetes-validations as written.</summary>
internal sealed record ValidationRule(
    string Rule, string Message, string MessageExpression, string? Reason, string FieldPath, bool? OptionalOldSelf)
{
    public bool IsEmpty => string.IsNullOrWhiteSpace(Rule);

    /// <summary>What stands for the rule in errors about its evaluation.</summary>
    public string Title => (Message.Length > 0 ? Message : Rule).Trim();

    /// <summary>What is said when the rule does not hold and no message expression says more.</summary>
    public string Failure => Message.Length > 0 ? Message.Trim() : $"failed rule: {Rule.Trim()}";

    public static ValidationRule Read(JsonObject json) => new(
        Text(json, "rule") ?? "", Text(json, "message") ?? "", Text(json, "messageExpression") ?? "", Text(json, "reason"),
        Text(json, "fieldPath") ?? "", json["optionalOldSelf"] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null);

    /// <summary>The whole rule as errors about its compilation show it.</summary>
    public string Show() => JsonSerializer.Serialize(
        new JsonObject
        {
            ["Rule"] = Rule,
            ["Message"] = Message,
            ["MessageExpression"] = MessageExpression,
            ["Reason"] = Reason,
            ["FieldPath"] = FieldPath,
            ["OptionalOldSelf"] = OptionalOldSelf,
        },
        Readable).Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string? Text(JsonObject json, string key) => json[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
