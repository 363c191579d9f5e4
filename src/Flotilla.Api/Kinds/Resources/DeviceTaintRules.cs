using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Resources;

/// <summary>Taints of devices, and what tolerates them.</summary>
internal static class DeviceTaintRules
{
    private static readonly string[] Effects = ["NoExecute", "NoSchedule", "None"];

    /// <summary>Whoever tolerates a taint of a slice for a while counts from when it came.</summary>
    public static void Date(JsonObject slice, DateTimeOffset now)
    {
        foreach (var taint in slice.Object("spec").Objects("devices").SelectMany(device => device.Objects("taints")))
        {
            taint.DefaultText("timeAdded", Times.Seconds(now));
        }
    }

    public static IEnumerable<FieldError> CheckTaint(JsonObject taint, string path)
    {
        var effect = taint.String("effect") ?? "";
        return FieldRules.Text(taint.String("key") ?? "", $"{path}.key", Names.CheckLabelKey)
            .Concat(FieldRules.Named(taint, "value", path, Names.CheckLabelValue))
            .Concat(effect.Length == 0 ? [FieldError.Required($"{path}.effect")] : Effect(effect, path));
    }

    public static IEnumerable<FieldError> CheckToleration(JsonObject toleration, string path)
    {
        var (value, effect) = (toleration.String("value") ?? "", toleration.String("effect") ?? "");
        return FieldRules.Named(toleration, "key", path, Names.CheckLabelKey)
            .Concat(toleration.String("operator") switch
            {
                "Exists" => value.Length == 0 ? [] : [FieldError.Invalid($"{path}.value", value, "must be empty for operator `Exists`")],
                "Equal" => FieldRules.Text(value, $"{path}.value", Names.CheckLabelValue),
                null or "" => [FieldError.Required($"{path}.operator")],
                var other => [FieldError.NotSupported($"{path}.operator", other, ["Equal", "Exists"])],
            })
            .Concat(effect.Length == 0 ? [] : Effect(effect, path));
    }

    private static IEnumerable<FieldError> Effect(string effect, string path) =>
        Effects.Contains(effect) ? [] : [FieldError.NotSupported($"{path}.effect", effect, Effects)];
}
