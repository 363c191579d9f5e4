using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Validation;

/// <summary>What can be wrong with a rule before it is compiled.</summary>
internal static class RuleForm
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    public static IEnumerable<CelFieldError> Check(ValidationRule rule, StructuralSchema schema, string place) =>
    [
        .. CheckMessage(rule, place),
        .. CheckReason(rule, place),
        .. CheckPath(rule, schema, place),
    ];

    private static IEnumerable<CelFieldError> CheckMessage(ValidationRule rule, string place)
    {
        var (text, message) = (rule.Rule.Trim(), rule.Message.Trim());
        if (text.Length == 0)
        {
            yield return CelFieldError.Required($"{place}.rule", "rule is not specified");
        }
        else if (rule.Message.Length > 0 && message.Length == 0)
        {
            yield return CelFieldError.Invalid($"{place}.message", Quoted.Of(rule.Message), "message must be non-empty if specified");
        }
        else if (HasLineBreak(message))
        {
            yield return CelFieldError.Invalid($"{place}.message", Quoted.Of(rule.Message), "message must not contain line breaks");
        }
        else if (HasLineBreak(text) && message.Length == 0)
        {
            yield return CelFieldError.Required($"{place}.message", "message must be specified if rule contains line breaks");
        }
        if (rule.MessageExpression.Length > 0 && string.IsNullOrWhiteSpace(rule.MessageExpression))
        {
            yield return CelFieldError.Required($"{place}.messageExpression", "messageExpression must be non-empty if specified");
        }
    }

    private static IEnumerable<CelFieldError> CheckReason(ValidationRule rule, string place) =>
        rule.Reason is null || Reasons.Contains(rule.Reason, StringComparer.Ordinal) ? []
        : [new CelFieldError("FieldValueNotSupported", $"{place}.reason",
            $"Unsupported value: {Quoted.Of(rule.Reason)}: supported values: {string.Join(", ", Reasons.Select(Quoted.Of))}")];

    private static IEnumerable<CelFieldError> CheckPath(ValidationRule rule, StructuralSchema schema, string place)
    {
        if (rule.FieldPath.Length == 0)
        {
            return [];
        }
        var problem = string.IsNullOrWhiteSpace(rule.FieldPath) ? "fieldPath must be non-empty if specified"
            : HasLineBreak(rule.FieldPath) ? "fieldPath must not contain line breaks"
            : RulePath.Normalize(rule.FieldPath, schema) is null ? "fieldPath must be a valid path" : null;
        return problem is null ? [] : [CelFieldError.Invalid($"{place}.fieldPath", Quoted.Of(rule.FieldPath), problem)];
    }

    private static bool HasLineBreak(string text) => text.AsSpan().ContainsAny('\n', '\r');
}
