using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Patching;

/// <summary>RFC 6902: a list of add, remove, replace, move, copy and test operations on JSON pointers.</summary>
public static class JsonPatch
{
    private const int MaxOperations = 10_000;

    /// <exception cref="PatchException">Malformed, or an operation fails.</exception>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw new PatchException("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
        }

        if (operations.Count > MaxOperations)
        {
            throw new PatchException($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        }

        foreach (var node in operations)
        {
            target = node is JsonObject operation
                ? ApplyOne(target, operation)
                : throw new PatchException("error decoding patch: an operation is not an object");
        }

        return target;
    }

    private static JsonNode? ApplyOne(JsonNode? target, JsonObject operation)
    {
        var path = Pointer(operation, "path");
        switch (operation.String("op"))
        {
            case "add":
                return Add(target, path, operation["value"]?.DeepClone());
            case "remove":
                return Remove(target, path).Root;
            case "replace":
                Find(target, path);
                return path.Length == 0 ? operation["value"]?.DeepClone() : Replace(target, path, operation["value"]?.DeepClone());
            case "copy":
                return Add(target, path, Find(target, Pointer(operation, "from"))?.DeepClone());
            case "move":
                var (root, moved) = Remove(target, Pointer(operation, "from"));
                return Add(root, path, moved);
            case "test":
                return Find(target, path, optional: true).SameAs(operation["value"])
                    ? target
                    : throw new PatchException($"testing value {operation.String("path")} failed", unprocessable: true);
            default:
                throw new PatchException($"Unexpected kind: {operation.String("op")}");
        }
    }

    private static string[] Pointer(JsonObject operation, string name)
    {
        var text = operation.String(name) ?? throw new PatchException($"error decoding patch: an operation has no '{name}'");
        return text.Length == 0 ? [] : [.. text.Split('/').Skip(1).Select(part => part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? Find(JsonNode? target, string[] path, bool optional = false)
    {
        foreach (var part in path)
        {
            target = target switch
            {
                JsonObject map when map.ContainsKey(part) => map[part],
                JsonArray list when Index(list, part, adding: false) is { } at => list[at],
                _ when optional => null,
                _ => throw Missing(path),
            };
        }

        return target;
    }

    private static JsonNode? Add(JsonNode? target, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            return value;
        }

        switch (Find(target, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                return target;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                return target;
            case JsonArray list when Index(list, path[^1], adding: true) is { } at:
                list.Insert(at, value);
                return target;
            default:
                throw Missing(path);
        }
    }

    private static JsonNode? Replace(JsonNode? target, string[] path, JsonNode? value)
    {
        switch (Find(target, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when Index(list, path[^1], adding: false) is { } at:
                list[at] = value;
                break;
        }

        return target;
    }

    private static (JsonNode? Root, JsonNode? Removed) Remove(JsonNode? target, string[] path)
    {
        if (path.Length == 0)
        {
            return (null, target);
        }

        switch (Find(target, path[..^1]))
        {
            case JsonObject map when map.ContainsKey(path[^1]):
                var value = map[path[^1]];
                map.Remove(path[^1]);
                return (target, value);
            case JsonArray list when Index(list, path[^1], adding: false) is { } at:
                var item = list[at];
                list.RemoveAt(at);
                return (target, item);
            default:
                throw Missing(path);
        }
    }

    private static int? Index(JsonArray list, string part, bool adding) =>
        int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at)
        && (at < 0 ? at + list.Count : at) is var index && index >= 0 && index < list.Count + (adding ? 1 : 0)
            ? index
            : null;

    private static PatchException Missing(string[] path) =>
        new($"the server rejected our request due to an error in our request: /{string.Join('/', path)} does not exist", unprocessable: true);
}
