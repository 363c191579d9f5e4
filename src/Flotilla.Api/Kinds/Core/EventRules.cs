using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Kinds.Core;

/// <summary>Events have two forms over one stored object: the core one, and that of <c>events.k8s.io</c> with other field names.</summary>
internal static class EventRules
{
    private static readonly (string Event, string Core)[] Renamed =
    [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"), ("deprecatedCount", "count"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"),
    ];

    public static readonly IReadOnlyDictionary<string, string> SelectableFields =
        new[] { "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "type" }
            .ToDictionary(path => path)
            .Append(new("source", "source.component")).ToDictionary(pair => pair.Key, pair => pair.Value);

    public static readonly IReadOnlyDictionary<string, string> EventSelectableFields =
        new[] { "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath", "reason", "reportingController", "type" }
            .ToDictionary(path => path);

    public static void ToCore(JsonObject item)
    {
        foreach (var (name, core) in Renamed)
        {
            Rename(item, name, core);
        }
    }

    public static void FromCore(JsonObject item)
    {
        foreach (var (name, core) in Renamed)
        {
            Rename(item, core, name);
        }
    }

    public static IReadOnlyList<Column> Columns(bool core)
    {
        var (regarding, note, count, source, first, last, reporter) = core
            ? ("involvedObject", "message", "count", "source", "firstTimestamp", "lastTimestamp", "reportingComponent")
            : ("regarding", "note", "deprecatedCount", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "reportingController");
        return
        [
            new("Last Seen", (item, context) => Cells.AgeOf(item.Object("series").String("lastObservedTime") ?? item.String(last) ?? item.String("eventTime"), context)),
            Cells.Text("Type", "type"),
            Cells.Text("Reason", "reason"),
            new("Object", (item, _) => ObjectText(item.Object(regarding))),
            Cells.Text("Subobject", $"{regarding}.fieldPath", 1),
            new("Source", (item, _) => SourceText(item.Object(source), item.String(reporter)), 1),
            new("Message", (item, _) => item.String(note)?.Trim() ?? ""),
            new("First Seen", (item, context) => Cells.AgeOf(item.String(first) ?? item.String("eventTime"), context), 1),
            new("Count", (item, _) => item.Object("series").Integer("count") ?? Math.Max(1, item.Integer(count) ?? 0), 1),
            Cells.Name with { Priority = 1 },
        ];
    }

    public static IEnumerable<FieldError> Check(JsonObject item, JsonObject? old)
    {
        var ns = item.Object("metadata").String("namespace") ?? "";
        var regarding = item.Object("involvedObject").String("namespace") ?? "";
        var expected = regarding.Length == 0 ? "default" : regarding;
        if (ns != expected && !(regarding.Length == 0 && ns == "kube-system"))
        {
            yield return FieldError.Invalid("involvedObject.namespace", regarding, "does not match event.namespace");
        }
    }

    public static IEnumerable<FieldError> CheckEvent(JsonObject item, JsonObject? old)
    {
        if (old is not null)
        {
            yield break;
        }

        foreach (var field in new[] { "reportingController", "reportingInstance", "action", "reason" })
        {
            foreach (var error in FieldRules.Required(item, field, "").Select(error => error with { Field = field }))
            {
                yield return error;
            }
        }

        if (item.String("eventTime") is null)
        {
            yield return FieldError.Required("eventTime");
        }

        if (item.String("type") is not ("Normal" or "Warning"))
        {
            yield return FieldError.Invalid("type", item.String("type") ?? "", "has invalid value: " + item.String("type"));
        }

        if ((item.String("note")?.Length ?? 0) > 1024)
        {
            yield return FieldError.TooLong("message", 1024);
        }
    }

    private static string ObjectText(JsonObject? regarding)
    {
        var kind = (regarding.String("kind") ?? "").ToLowerInvariant();
        return string.IsNullOrEmpty(regarding.String("name")) ? kind : $"{kind}/{regarding.String("name")}";
    }

    private static string SourceText(JsonObject? source, string? reporter)
    {
        var component = source.String("component") is { Length: > 0 } given ? given : reporter ?? "";
        return string.IsNullOrEmpty(source.String("host")) ? component : $"{component}, {source.String("host")}";
    }

    private static void Rename(JsonObject item, string from, string to)
    {
        if (item.ContainsKey(from))
        {
            var value = item[from];
            item.Remove(from);
            item[to] = value;
        }
    }
}
