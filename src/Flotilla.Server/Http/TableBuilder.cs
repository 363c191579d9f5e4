using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Printing;

namespace Flotilla.Server.Http;

/// <summary>Objects in other shapes: lists, tables with kubectl's columns, and metadata alone.</summary>
public static class TableBuilder
{
    private static readonly IReadOnlyList<Column> Fallback = [Cells.Name, Cells.CreatedAt];

    public static JsonObject Table(Kind kind, IReadOnlyList<JsonObject> items, string version, string? next, long? remaining, string? includeObject, DateTimeOffset now, bool headers = true)
    {
        var columns = kind.Columns.Count > 0 ? kind.Columns : Fallback;
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = ListMetadata(version, next, remaining),
            ["columnDefinitions"] = headers ? new JsonArray([.. columns.Select(Definition)]) : null,
            ["rows"] = new JsonArray([.. items.Select(item => Row(columns, item, includeObject, now))]),
        };
    }

    public static JsonObject Metadata(JsonObject item) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = item["metadata"]?.DeepClone(),
    };

    public static JsonObject MetadataList(IReadOnlyList<JsonObject> items, string version, string? next, long? remaining) => new()
    {
        ["kind"] = "PartialObjectMetadataList",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = ListMetadata(version, next, remaining),
        ["items"] = new JsonArray([.. items.Select(Metadata)]),
    };

    public static JsonObject List(Kind kind, IReadOnlyList<JsonObject> items, string version, string? next, long? remaining) => new()
    {
        ["kind"] = kind.ListName,
        ["apiVersion"] = kind.Identity.ApiVersion,
        ["metadata"] = ListMetadata(version, next, remaining),
        ["items"] = new JsonArray([.. items.Select(WithoutKind)]),
    };

    private static JsonObject WithoutKind(JsonObject item)
    {
        item.Remove("kind");
        item.Remove("apiVersion");
        return item;
    }

    private static JsonObject ListMetadata(string version, string? next, long? remaining)
    {
        var metadata = new JsonObject { ["resourceVersion"] = version };
        if (next is not null)
        {
            metadata["continue"] = next;
        }

        if (remaining is { } count)
        {
            metadata["remainingItemCount"] = count;
        }

        return metadata;
    }

    private static JsonObject Definition(Column column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = column.Description,
        ["priority"] = column.Priority,
    };

    private static JsonObject Row(IReadOnlyList<Column> columns, JsonObject item, string? includeObject, DateTimeOffset now)
    {
        var context = new ColumnContext(now);
        var row = new JsonObject { ["cells"] = new JsonArray([.. columns.Select(column => column.Cell(item, context))]) };
        switch (includeObject)
        {
            case "None":
                break;
            case "Object":
                row["object"] = item.DeepClone();
                break;
            default:
                row["object"] = Metadata(item);
                break;
        }

        return row;
    }
}
