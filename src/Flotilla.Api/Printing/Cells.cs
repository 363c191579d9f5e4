using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;

namespace Flotilla.Api.Printing;

/// <summary>The cells that many kinds share, and how kubectl words ages and selectors.</summary>
public static class Cells
{
    public const string None = "<none>";
    public const string Unknown = "<unknown>";

    public static readonly Column Name = new("Name", (item, _) => item.Object("metadata").String("name"), Format: "name");
    public static readonly Column Age = new("Age", (item, context) => AgeOf(item.Object("metadata").String("creationTimestamp"), context));
    public static readonly Column CreatedAt = new("Created At", (item, _) => item.Object("metadata").String("creationTimestamp"), Type: "date");
    public static readonly Column Containers = new("Containers", (item, _) => Join(TemplateContainers(item), "name"), Priority: 1);
    public static readonly Column Images = new("Images", (item, _) => Join(TemplateContainers(item), "image"), Priority: 1);
    public static readonly Column Selector = new("Selector", (item, _) => SelectorText(item.Object("spec").Object("selector")), Priority: 1);

    /// <summary>A field by dotted path; absent shows as <paramref name="absent"/>.</summary>
    public static Column Text(string name, string path, int priority = 0, string absent = "") =>
        new(name, (item, _) => FieldSelector.Value(item, path) is { Length: > 0 } text ? text : absent, priority);

    public static Column Number(string name, string path, int priority = 0) =>
        new(name, (item, _) => At(item, path).AsInteger() ?? 0, priority, "integer");

    public static Column Count(string name, string list) =>
        new(name, (item, _) => (At(item, list) as JsonArray)?.Count ?? 0, 0, "integer");

    public static Column Flag(string name, string path) =>
        new(name, (item, _) => At(item, path) is { } value ? value.DeepClone() : false, 0, "boolean");

    public static JsonNode? At(JsonNode? item, string path)
    {
        foreach (var part in path.Split('.'))
        {
            item = (item as JsonObject)?[part];
        }

        return item;
    }

    public static string AgeOf(string? time, ColumnContext context) => Times.Parse(time) is { } since ? Duration(context.Now - since) : Unknown;

    /// <summary>Two units at most, as kubectl prints: 45s, 3m12s, 5h, 2d3h, 400d, 3y20d.</summary>
    public static string Duration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < -1)
        {
            return "<invalid>";
        }

        if (seconds < 0)
        {
            return "0s";
        }

        var (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
        return seconds switch
        {
            < 120 => Unit(seconds, "s"),
            < 600 => Pair(minutes, "m", seconds % 60, "s"),
            < 3 * 3600 => Unit(minutes, "m"),
            < 8 * 3600 => Pair(hours, "h", minutes % 60, "m"),
            < 2 * 86400 => Unit(hours, "h"),
            < 8 * 86400 => Pair(days, "d", hours % 24, "h"),
            < 2 * 365 * 86400 => Unit(days, "d"),
            < 8L * 365 * 86400 => Pair(days / 365, "y", days % 365, "d"),
            _ => Unit(days / 365, "y"),
        };
    }

    public static string SelectorText(JsonObject? selector)
    {
        if (selector is null)
        {
            return None;
        }

        var isLabelSelector = selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions") || selector.Count == 0;
        var parts = LabelsText(isLabelSelector ? selector.Object("matchLabels") : selector, "");
        var expressions = selector.Objects("matchExpressions").Select(Expression);
        var all = string.Join(",", (parts.Length == 0 ? [] : new[] { parts }).Concat(isLabelSelector ? expressions : []));
        return all.Length == 0 ? None : all;
    }

    public static string LabelsText(JsonObject? labels, string absent = None)
    {
        var text = string.Join(",", (labels ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value.AsString()}"));
        return text.Length == 0 ? absent : text;
    }

    public static string Join(IEnumerable<JsonObject> items, string field) => string.Join(",", items.Select(item => item.String(field)));

    private static IEnumerable<JsonObject> TemplateContainers(JsonObject item)
    {
        var spec = item.Object("spec");
        var template = spec.Object("template") ?? spec.Object("jobTemplate").Object("spec").Object("template") ?? item.Object("template");
        return template.Object("spec").Objects("containers");
    }

    private static string Expression(JsonObject expression)
    {
        var values = string.Join(",", expression.Array("values")?.Select(value => value.AsString()) ?? []);
        return expression.String("operator") switch
        {
            "In" => $"{expression.String("key")} in ({values})",
            "NotIn" => $"{expression.String("key")} notin ({values})",
            "Exists" => expression.String("key")!,
            _ => "!" + expression.String("key"),
        };
    }

    private static string Unit(long value, string unit) => string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");

    private static string Pair(long value, string unit, long rest, string small) =>
        rest == 0 ? Unit(value, unit) : Unit(value, unit) + Unit(rest, small);
}
