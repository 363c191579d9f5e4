using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Patching;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Tests.Aggregation;

/// <summary>
/// An API server of somebody else's, as small as controllers can live with: namespaced flunders and cluster-wide
/// fischers in memory, with list, watch, get, create, merge patch, delete and deletecollection.
/// </summary>
internal sealed class SampleApiServer(string group = "wardle.example.com")
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, JsonObject> objects = new(StringComparer.Ordinal);
    private readonly List<(string Type, JsonObject Object)> history = [];

    /// <summary>Method, path and caller of every request.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    public string Version => $"{group}/v1alpha1";

    public async Task AnswerAsync(HttpContext context)
    {
        Seen.Enqueue($"{context.Request.Method} {context.Request.Path} as {context.Request.Headers["X-Remote-User"]}");
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["apis", _, _])
        {
            await WriteAsync(context, 200, Resources());
        }
        else if (parts is ["apis", _, _, "namespaces", var space, var plural, .. var name])
        {
            await ServeAsync(context, plural, space, name.FirstOrDefault());
        }
        else if (parts is ["apis", _, _, var resource, .. var named])
        {
            await ServeAsync(context, resource, null, named.FirstOrDefault());
        }
        else
        {
            await WriteAsync(context, 404, Status(404, "NotFound"));
        }
    }

    private JsonObject Resources()
    {
        static JsonObject Resource(string plural, string kind, bool namespaced) => new()
        {
            ["name"] = plural,
            ["singularName"] = kind.ToLowerInvariant(),
            ["namespaced"] = namespaced,
            ["kind"] = kind,
            ["verbs"] = new JsonArray("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"),
        };
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = Version,
            ["resources"] = new JsonArray(Resource("fischers", "Fischer", false), Resource("flunders", "Flunder", true)),
        };
    }

    private async Task ServeAsync(HttpContext context, string plural, string? space, string? name)
    {
        if (context.Request.Method == "GET" && name is null && context.Request.Query["watch"] == "true")
        {
            await WatchAsync(context, plural);
            return;
        }

        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var sent = body.Length > 0 ? JsonNode.Parse(body) as JsonObject : null;
        var (code, answer) = Act(context.Request.Method, plural, space, name, sent);
        await WriteAsync(context, code, answer);
    }

    private (int Code, JsonObject Answer) Act(string method, string plural, string? space, string? name, JsonObject? sent)
    {
        lock (gate)
        {
            var key = $"{plural}/{space}/{name}";
            switch (method, name)
            {
                case ("GET", null):
                    return (200, List(plural, space));
                case ("POST", null):
                    return (201, Put(Fresh(sent!, plural, space), "ADDED"));
                case ("DELETE", null):
                    var all = List(plural, space);
                    Matching(plural, space).ToList().ForEach(Remove);
                    return (200, all);
                case (_, _) when !objects.ContainsKey(key):
                    return (404, Status(404, "NotFound"));
                case ("DELETE", _):
                    Remove(key);
                    return (200, Status(200, ""));
                case ("PATCH", _):
                    return (200, Put((JsonObject)MergePatch.Apply(objects[key].DeepClone(), sent!)!, "MODIFIED"));
                case ("PUT", _):
                    return (200, Put(sent!, "MODIFIED"));
                default:
                    return (200, objects[key]);
            }
        }
    }

    private static JsonObject Fresh(JsonObject sent, string plural, string? space)
    {
        sent["kind"] = plural == "flunders" ? "Flunder" : "Fischer";
        var metadata = sent["metadata"]!.AsObject();
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (space is not null)
        {
            metadata["namespace"] = space;
        }

        return sent;
    }

    private JsonObject Put(JsonObject value, string type)
    {
        value["apiVersion"] = Version;
        var metadata = value["metadata"]!;
        metadata["resourceVersion"] = (history.Count + 1).ToString(CultureInfo.InvariantCulture);
        objects[$"{((string)value["kind"]!).ToLowerInvariant()}s/{metadata["namespace"]}/{metadata["name"]}"] = value;
        history.Add((type, (JsonObject)value.DeepClone()));
        return value;
    }

    private void Remove(string key)
    {
        history.Add(("DELETED", (JsonObject)objects[key].DeepClone()));
        objects.Remove(key);
    }

    private IEnumerable<string> Matching(string plural, string? space) => objects.Keys.Where(key => key.StartsWith(space is null ? $"{plural}/" : $"{plural}/{space}/", StringComparison.Ordinal));

    private JsonObject List(string plural, string? space) => new()
    {
        ["kind"] = plural == "flunders" ? "FlunderList" : "FischerList",
        ["apiVersion"] = Version,
        ["metadata"] = new JsonObject { ["resourceVersion"] = history.Count.ToString(CultureInfo.InvariantCulture) },
        ["items"] = new JsonArray([.. Matching(plural, space).Select(key => objects[key].DeepClone())]),
    };

    private async Task WatchAsync(HttpContext context, string plural)
    {
        var kind = plural == "flunders" ? "Flunder" : "Fischer";
        var next = int.Parse(context.Request.Query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        while (!context.RequestAborted.IsCancellationRequested)
        {
            List<(string Type, JsonObject Object)> news;
            lock (gate)
            {
                news = history[next..];
            }

            next += news.Count;
            foreach (var (type, value) in news.Where(change => (string?)change.Object["kind"] == kind))
            {
                await context.Response.WriteAsync($$"""{"type":"{{type}}","object":{{value.ToJsonString()}}}""" + "\n", context.RequestAborted);
            }

            await Task.Delay(20, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static JsonObject Status(int code, string reason) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = code < 400 ? "Success" : "Failure",
        ["reason"] = reason,
        ["code"] = code,
    };

    private static async Task WriteAsync(HttpContext context, int code, JsonObject body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
