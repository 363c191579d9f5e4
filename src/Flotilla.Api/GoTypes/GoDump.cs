using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;

namespace Flotilla.Api.GoTypes;

/// <summary>
/// An API object as upstream dumps it before hashing: every field in the order of the Go struct, each with its type in
/// parentheses, absent ones included.
/// </summary>
public static class GoDump
{
    /// <param name="template">A v1 PodTemplateSpec as JSON, defaults applied.</param>
    public static string PodTemplate(JsonObject template)
    {
        var text = new StringBuilder(16 * 1024);
        Write(text, new GoType(GoKind.Struct, "v1.PodTemplateSpec"), template, isTyped: true);
        return text.ToString();
    }

    private static void Write(StringBuilder text, GoType type, JsonNode? value, bool isTyped)
    {
        if (isTyped)
        {
            text.Append('(').Append(type.PrintedName).Append(')');
        }

        if (value is null && type.IsPointer)
        {
            text.Append("<nil>");
            return;
        }

        switch (type.Kind)
        {
            case GoKind.Struct:
                WriteStruct(text, GoStructs.BuiltIn[type.Name], value as JsonObject);
                break;
            case GoKind.List:
                WriteList(text, type.Element!, value as JsonArray);
                break;
            case GoKind.Map:
                WriteMap(text, type.Element!, value as JsonObject);
                break;
            case GoKind.Quantity:
                WriteQuantity(text, GoQuantity.Parse(value?.ToString() ?? "0"));
                break;
            case GoKind.IntOrString:
                WriteIntOrString(text, value);
                break;
            case GoKind.Time:
                WriteTime(text, value?.GetValue<string>());
                break;
            default:
                text.Append(value is null ? Zero(type.Kind) : value.ToString());
                break;
        }
    }

    private static string Zero(GoKind kind) => kind switch
    {
        GoKind.Boolean => "false",
        GoKind.Integer => "0",
        _ => "",
    };

    private static void WriteStruct(StringBuilder text, GoStruct layout, JsonObject? value)
    {
        text.Append('{');
        foreach (var field in layout.Fields)
        {
            text.Append(field.Name).Append(':');
            Write(text, field.Type, field.Place == GoPlace.Inline ? value : value?[field.Json], isTyped: true);
            text.Append(' ');
        }

        text.Length -= layout.Fields.Count > 0 ? 1 : 0;
        text.Append('}');
    }

    /// <summary>Empty lists and maps do not survive upstream's storage: there they are nil.</summary>
    private static void WriteList(StringBuilder text, GoType element, JsonArray? items)
    {
        if (items is not { Count: > 0 })
        {
            text.Append("<nil>");
            return;
        }

        text.Append('[');
        foreach (var item in items)
        {
            Write(text, element, item, isTyped: false);
            text.Append(' ');
        }

        text[^1] = ']';
    }

    private static void WriteMap(StringBuilder text, GoType element, JsonObject? items)
    {
        if (items is not { Count: > 0 })
        {
            text.Append("<nil>");
            return;
        }

        text.Append("map[");
        foreach (var (key, item) in items.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append(':');
            Write(text, element, item, isTyped: false);
            text.Append(' ');
        }

        text[^1] = ']';
    }

    private static void WriteIntOrString(StringBuilder text, JsonNode? value)
    {
        var word = value is JsonValue one && one.TryGetValue<string>(out var given) ? given : null;
        text.Append("{Type:(intstr.Type)").Append(word is null ? '0' : '1')
            .Append(" IntVal:(int32)").Append(word is null && value is not null ? value.ToString() : "0")
            .Append(" StrVal:(string)").Append(word).Append('}');
    }

    private static void WriteQuantity(StringBuilder text, GoQuantity quantity)
    {
        var (small, scale) = quantity.Large ? (0, 0) : (quantity.Value, quantity.Scale);
        text.Append(CultureInfo.InvariantCulture, $"{{i:(resource.int64Amount){{value:(int64){small} scale:(resource.Scale){scale}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)");
        if (quantity.Large)
        {
            text.Append("{unscaled:(big.Int){neg:(bool)").Append(quantity.Value.Sign < 0 ? "true" : "false").Append(" abs:(big.nat)");
            WriteWords(text, BigInteger.Abs(quantity.Value));
            text.Append(CultureInfo.InvariantCulture, $"}} scale:(inf.Scale){quantity.Scale}}}");
        }
        else
        {
            text.Append("<nil>");
        }

        text.Append("} s:(string)").Append(quantity.Text).Append(" Format:(resource.Format)").Append(quantity.Format).Append('}');
    }

    private static void WriteWords(StringBuilder text, BigInteger value)
    {
        if (value.IsZero)
        {
            text.Append("<nil>");
            return;
        }

        text.Append('[');
        for (; !value.IsZero; value >>= 64)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(ulong)(value & ulong.MaxValue)} ");
        }

        text[^1] = ']';
    }

    /// <summary>Nanoseconds, then seconds since the year one; upstream's time zone data is left out.</summary>
    private static void WriteTime(StringBuilder text, string? value)
    {
        var ticks = value is null ? 0 : DateTimeOffset.Parse(value, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal).UtcTicks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        text.Append(CultureInfo.InvariantCulture, $"{{Time:(time.Time){{wall:(uint64){rest * 100} ext:(int64){seconds} loc:(*time.Location)<nil>}}}}");
    }
}
