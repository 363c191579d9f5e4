using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

internal static class TolerationRules
{
    private static readonly string[] Effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

    public static IEnumerable<FieldError> Check(JsonObject spec, string path) => FieldRules.Each(spec, "tolerations", path, CheckOne);

    /// <summary>A pod that runs may tolerate more than before, and for longer.</summary>
    public static IEnumerable<FieldError> CheckAdded(JsonObject spec, JsonObject before)
    {
        var kept = before.Objects("tolerations").All(had => spec.Objects("tolerations").Any(now => Lasting(now).SameAs(Lasting(had))));
        return kept ? Check(spec, "spec") : [FieldError.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
    }

    private static JsonObject Lasting(JsonObject toleration)
    {
        var copy = toleration.Copy();
        copy.Remove("tolerationSeconds");
        return copy;
    }

    private static IEnumerable<FieldError> CheckOne(JsonObject toleration, string path)
    {
        var (key, operation, effect) = (toleration.String("key") ?? "", toleration.String("operator") ?? "", toleration.String("effect") ?? "");
        return FieldRules.Named(toleration, "key", path, Names.CheckLabelKey)
            .Concat(key.Length == 0 && operation != "Exists"
                ? [FieldError.Invalid($"{path}.operator", operation, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")] : [])
            .Concat(toleration["tolerationSeconds"] is not null && effect != "NoExecute"
                ? [FieldError.Invalid($"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")] : [])
            .Concat(WrongOperator(operation, toleration.String("value") ?? "", $"{path}.operator") is { } wrong ? [wrong] : [])
            .Concat(FieldRules.OneOf(toleration, "effect", path, Effects));
    }

    private static FieldError? WrongOperator(string operation, string value, string path) => operation switch
    {
        "Equal" or "" => Names.CheckLabelValue(value) is { } wrong ? FieldError.Invalid(path, value, wrong) : null,
        "Exists" => value.Length > 0 ? FieldError.Invalid(path, value, "value must be empty when `operator` is 'Exists'") : null,
        "Lt" or "Gt" => FieldError.NotSupported(path, operation, ["Equal", "Exists"]) with { Ratchet = Ratchet.TolerationOperators },
        _ => FieldError.NotSupported(path, operation, ["Equal", "Exists"]),
    };
}
