using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Api.Validation;
using k8s.Models;

namespace Flotilla.Server.Http;

/// <summary>Every answer that is not success, in the words and shapes clients parse. The one place where errors become a <c>Status</c>.</summary>
public static class Failures
{
    public static ApiException NotFound(Kind kind, string name) => Of(404, "NotFound", $"{kind.GroupResource} \"{name}\" not found", Details(kind.Group, kind.Plural, name));

    public static ApiException NoSuchPath() => Of(404, "NotFound", "the server could not find the requested resource", new V1StatusDetails());

    public static ApiException AlreadyExists(Kind kind, string name) =>
        Of(409, "AlreadyExists", $"{kind.GroupResource} \"{name}\" already exists", Details(kind.Group, kind.Plural, name));

    public static ApiException Modified(Kind kind, string name) => Conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException Conflict(Kind kind, string name, string why) =>
        Of(409, "Conflict", $"Operation cannot be fulfilled on {kind.GroupResource} \"{name}\": {why}", Details(kind.Group, kind.Plural, name));

    public static ApiException BadRequest(string message) => Of(400, "BadRequest", message);

    public static ApiException Unauthorized() => Of(401, "Unauthorized", "Unauthorized");

    public static ApiException Forbidden(string message, string group = "", string resource = "", string name = "") =>
        Of(403, "Forbidden", message, Details(group, resource, name));

    public static ApiException MethodNotAllowed() => Of(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", new V1StatusDetails());

    public static ApiException NotAcceptable() =>
        Of(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf", new V1StatusDetails());

    /// <summary>The media type is offered, but not with these parameters.</summary>
    public static ApiException NotAccepted(bool protobuf, bool watch)
    {
        string[] offered = (protobuf, watch) switch
        {
            (true, true) => ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"],
            (false, true) => ["application/json;stream=watch"],
            (true, false) => ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"],
            _ => ["application/json", "application/yaml"],
        };
        return Of(406, "NotAcceptable", $"only the following media types are accepted: {string.Join(", ", offered)}");
    }

    public static ApiException UnsupportedMediaType() => Of(415, "UnsupportedMediaType", "415: Unsupported Media Type", new V1StatusDetails());

    public static ApiException TooLarge() => Of(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728");

    public static ApiException Expired(string message) => Of(410, "Expired", message);

    /// <summary>The revision a paged list began at is forgotten; <paramref name="next"/> goes on with what is there now.</summary>
    public static ApiException ExpiredList(string next)
    {
        var error = Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.");
        error.Status.Metadata.ContinueProperty = next;
        return error;
    }

    public static ApiException TooManyRequests(string message) => Of(429, "TooManyRequests", message, new V1StatusDetails { RetryAfterSeconds = 1 });

    /// <param name="isWrite">Writes say so where they are given up, reads where they are waited for.</param>
    public static ApiException Timeout(bool isWrite) => Of(
        504,
        "Timeout",
        isWrite ? "Timeout: request did not complete within requested timeout - context deadline exceeded" : "Timeout: request did not complete within the allotted timeout",
        new V1StatusDetails());

    public static ApiException Unavailable(string message) => Of(503, "ServiceUnavailable", message);

    public static ApiException OutOfSpace(string message) => Of(507, "InsufficientStorage", message);

    public static ApiException Internal(string message) => Of(500, "InternalError", $"Internal error occurred: {message}", new V1StatusDetails { Causes = [new V1StatusCause { Message = message }] });

    public static ApiException Invalid(Kind kind, string name, IReadOnlyList<FieldError> errors) => Invalid(kind.Group, kind.Name, name, errors);

    public static ApiException Invalid(string group, string kind, string name, IReadOnlyList<FieldError> errors)
    {
        var groupKind = group.Length == 0 ? kind : $"{kind}.{group}";
        var list = errors.Count == 1 ? errors[0].ToString() : $"[{string.Join(", ", errors.Select(error => error.ToString()).Distinct())}]";
        var details = Details(group, kind, name);
        details.Causes = [.. errors.Select(error => new V1StatusCause { Reason = error.Type, Message = error.Body, Field = error.Field })];
        return Of(422, "Invalid", $"{groupKind} \"{name}\" is invalid: {list}", details);
    }

    public static ApiException Of(int code, string reason, string message, V1StatusDetails? details = null) => new(new V1Status
    {
        Kind = "Status",
        ApiVersion = "v1",
        Metadata = new V1ListMeta(),
        Status = "Failure",
        Message = message,
        Reason = reason,
        Details = details,
        Code = code,
    });

    /// <summary>The JSON that goes out; empty details stay an empty object, as upstream sends them.</summary>
    public static JsonObject ToJson(V1Status status)
    {
        var metadata = new JsonObject();
        Add(metadata, "continue", status.Metadata?.ContinueProperty);
        var json = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = metadata, ["status"] = status.Status };
        Add(json, "message", status.Message);
        Add(json, "reason", status.Reason);
        if (status.Details is { } details)
        {
            var part = new JsonObject();
            Add(part, "name", details.Name);
            Add(part, "group", details.Group);
            Add(part, "kind", details.Kind);
            Add(part, "uid", details.Uid);
            if (details.Causes is { Count: > 0 } causes)
            {
                part["causes"] = new JsonArray([.. causes.Select(Cause)]);
            }

            if (details.RetryAfterSeconds is { } seconds)
            {
                part["retryAfterSeconds"] = seconds;
            }

            json["details"] = part;
        }

        if (status.Code is { } code)
        {
            json["code"] = code;
        }

        return json;
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static JsonObject Cause(V1StatusCause cause)
    {
        var json = new JsonObject();
        Add(json, "reason", cause.Reason);
        Add(json, "message", cause.Message);
        Add(json, "field", cause.Field);
        return json;
    }

    private static void Add(JsonObject json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json[name] = value;
        }
    }

    private static V1StatusDetails Details(string group, string kind, string name) => new() { Group = group, Kind = kind, Name = name };
}
