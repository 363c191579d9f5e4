using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;
using Flotilla.Api.Validation;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>The query of a list or watch, checked.</summary>
public sealed record ListQuery(Selection Selection, int Limit, Revision? ContinueAt, string? ContinueAfter, long? ResourceVersion, string? Match, bool Watch, bool Bookmarks, bool SendInitial, TimeSpan? Timeout)
{
    private static readonly string[] CommonFields = ["metadata.name", "metadata.namespace"];

    public static ListQuery Parse(ApiRequest request, ResourcePath path)
    {
        var fields = ParseFields(request["fieldSelector"], path.Kind);
        var watch = IsTrue(request["watch"]);
        if (path.Name is not null)
        {
            fields = new FieldSelector([.. fields.Requirements, new FieldRequirement("metadata.name", true, path.Name)]);
        }

        var version = ParseVersion(request["resourceVersion"]);
        var match = request["resourceVersionMatch"];
        if (!string.IsNullOrEmpty(match))
        {
            CheckMatch(match, request, watch);
        }

        var (at, after) = ParseContinue(request["continue"]);
        var timeout = ParseNumber(request["timeoutSeconds"]);
        return new ListQuery(
            new Selection(path.Kind, path.Namespace, ParseLabels(request["labelSelector"]), fields),
            (int)Math.Clamp(ParseNumber(request["limit"]) ?? 0, 0, int.MaxValue),
            at,
            after,
            version,
            match,
            watch,
            IsTrue(request["allowWatchBookmarks"]),
            IsTrue(request["sendInitialEvents"]),
            timeout is > 0 ? TimeSpan.FromSeconds(timeout.Value) : null);
    }

    public static string ContinueToken(Revision revision, string startAfter) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = revision.Value, ["start"] = startAfter }.ToJsonString()));

    public static bool IsTrue(string? value) => value is "" or "1" or "true" or "True" or "t" or "T";

    private static long? ParseNumber(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Failures.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }

    private static long? ParseVersion(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue
            ? (long)number
            : throw Failures.BadRequest($"invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
    }

    private static void CheckMatch(string match, ApiRequest request, bool watch)
    {
        var errors = new List<FieldError>();
        if (string.IsNullOrEmpty(request["resourceVersion"]) && !watch)
        {
            errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
        }

        if (match is not ("Exact" or "NotOlderThan"))
        {
            errors.Add(FieldError.NotSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan"]));
        }

        if (errors.Count > 0)
        {
            throw Failures.Invalid("meta.k8s.io", "ListOptions", "", errors);
        }
    }

    private static LabelSelector ParseLabels(string? text)
    {
        try
        {
            return LabelSelector.Parse(text);
        }
        catch (FormatException error)
        {
            throw Failures.BadRequest(error.Message);
        }
    }

    private static FieldSelector ParseFields(string? text, Kind kind)
    {
        FieldSelector selector;
        try
        {
            selector = FieldSelector.Parse(text);
        }
        catch (FormatException error)
        {
            throw Failures.BadRequest(error.Message);
        }

        foreach (var requirement in selector.Requirements)
        {
            if (!CommonFields.Contains(requirement.Path) && !kind.SelectableFields.ContainsKey(requirement.Path))
            {
                throw Failures.BadRequest(kind.SelectableFields.Count > 0 ? $"field label not supported: {requirement.Path}" : $"\"{requirement.Path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
            }
        }

        return selector;
    }

    private static (Revision? At, string? After) ParseContinue(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return (null, null);
        }

        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(token);
        }
        catch (FormatException)
        {
            throw Failures.BadRequest("invalid continue token: continue key is not valid: illegal base64 data at input byte 0");
        }

        try
        {
            var json = GoJson.Parse(bytes) as JsonObject;
            return json.Integer("rv") is { } revision && json.String("start") is { } start
                ? (new Revision(revision), start)
                : throw Failures.BadRequest("invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
        }
        catch (GoJsonException error)
        {
            throw Failures.BadRequest($"invalid continue token: continue key is not valid: {error.Message}");
        }
    }
}
