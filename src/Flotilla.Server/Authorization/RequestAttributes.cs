using Flotilla.Api.Selectors;
using Flotilla.Server.Http;

namespace Flotilla.Server.Authorization;

/// <summary>
/// Reads from method, path and query what a request wants, whether or not the server knows the resource: who may not
/// ask for it does not learn whether it exists.
/// </summary>
public static class RequestAttributes
{
    public static AccessAttributes Of(ApiRequest request) => Of(request.Method, request.Path, name => request[name]);

    public static AccessAttributes Of(string method, string path, Func<string, string?> query)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api", var version, _, ..] => Resource(method, "", version, parts.AsSpan(2), query),
            ["apis", var group, var version, _, ..] => Resource(method, group, version, parts.AsSpan(3), query),
            _ => new AccessAttributes(method.ToLowerInvariant(), Path: path),
        };
    }

    private static AccessAttributes Resource(string method, string group, string version, ReadOnlySpan<string> parts, Func<string, string?> query)
    {
        string? space = null;
        var isWatch = parts.Length > 1 && parts[0] == "watch";
        parts = isWatch ? parts[1..] : parts;
        if (parts[0] == "namespaces" && parts.Length > 1)
        {
            // A namespace is an object in itself: a role inside it may allow to read it.
            space = parts[1];
            parts = parts.Length > 2 && parts[2] is not ("status" or "finalize") ? parts[2..] : parts;
        }

        var name = parts.Length > 1 ? parts[1] : "";
        var wanted = new AccessAttributes(isWatch ? "watch" : Verb(method, name, query), group, parts[0], parts.Length > 2 ? parts[2] : "", space, name) { Version = version };
        return wanted.Verb is "list" or "watch" or "deletecollection" ? Narrow(wanted, query) : wanted;
    }

    private static string Verb(string method, string name, Func<string, string?> query) => method switch
    {
        "GET" or "HEAD" when name.Length > 0 => "get",
        "GET" or "HEAD" => query("watch") is { } watch && ListQuery.IsTrue(watch) ? "watch" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => name.Length > 0 ? "delete" : "deletecollection",
        _ => method.ToLowerInvariant(),
    };

    // A selector that cannot be read narrows nothing here; the resource's own handler refuses it.
    private static AccessAttributes Narrow(AccessAttributes wanted, Func<string, string?> query)
    {
        try
        {
            var fields = query("fieldSelector") is { Length: > 0 } text ? FieldSelector.Parse(text) : null;
            var labels = query("labelSelector") is { Length: > 0 } other ? LabelSelector.Parse(other) : null;
            return wanted with { Fields = fields, Labels = labels, Name = fields?.Required("metadata.name") ?? wanted.Name };
        }
        catch (FormatException)
        {
            return wanted;
        }
    }
}
