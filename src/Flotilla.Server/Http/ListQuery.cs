using System.Globalization;
using Flotilla.Api.Kinds;
using Flotilla.Api.Selectors;
using Flotilla.Api.Validation;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Http;

/// <summary>The query of a list or watch, checked.</summary>
public sealed record ListQuery(Selection Selection)
{
    private static readonly string[] CommonFields = ["metadata.name", "metadata.namespace"];

    /// <summary>At most so many objects; 0: all.</summary>
    public int Limit { get; init; }

    public ContinueToken? Continue { get; init; }

    /// <summary>null: not given. 0 means any.</summary>
    public long? ResourceVersion { get; init; }

    /// <summary><c>Exact</c>, <c>NotOlderThan</c> or null.</summary>
    public string? Match { get; init; }

    public bool Watch { get; init; }

    public bool Bookmarks { get; init; }

    /// <summary>A watch tells with each change of its resource that is not for it how far it is: for who asks whether a cache is current.</summary>
    public bool Progress { get; init; }

    /// <summary>Whether a watch begins with what is there; null: as the version implies.</summary>
    public bool? SendInitial { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>The state to show is that of <see cref="ResourceVersion"/> itself: asked for so, or by paging from it.</summary>
    public bool IsExact => ResourceVersion > 0 && (Match == "Exact" || (Match is null && Limit > 0));

    public static ListQuery Parse(ApiRequest request, ResourcePath path)
    {
        var (labels, fields) = (ParseLabels(request["labelSelector"]), ParseFields(request["fieldSelector"], path));
        var query = new ListQuery(new Selection(path.Kind, path.Namespace, labels, fields))
        {
            Watch = path.IsWatch || IsTrue(request["watch"]),
            Bookmarks = IsTrue(request["allowWatchBookmarks"]),
            SendInitial = request["sendInitialEvents"] is { } initial ? IsTrue(initial) : null,
            Match = request["resourceVersionMatch"] is { Length: > 0 } match ? match : null,
            Limit = (int)Math.Clamp(ParseNumber(request["limit"]) ?? 0, 0, int.MaxValue),
            Timeout = ParseNumber(request["timeoutSeconds"]) is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null,
        };
        var (version, token) = (request["resourceVersion"] ?? "", request["continue"] ?? "");
        Check(query, version, token);
        if (token.Length > 0 && version is not ("" or "0"))
        {
            throw Failures.BadRequest("specifying resource version is not allowed when using continue");
        }

        return query with
        {
            ResourceVersion = ParseVersion(version),
            Continue = token.Length > 0 && !query.Watch ? ContinueToken.Parse(token) : null,
            // Any state will do, and the one at hand is whole: no pages.
            Limit = version == "0" && token.Length == 0 ? 0 : query.Limit,
        };
    }

    /// <summary>A switch of a query: present means on, unless it says otherwise.</summary>
    public static bool IsTrue(string? value) => value is not null && value != "0" && !value.Equals("false", StringComparison.OrdinalIgnoreCase);

    public static long? ParseVersion(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return (long)Math.Min(number, long.MaxValue);
        }

        var why = text.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax";
        throw Failures.BadRequest($"invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": {why}");
    }

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

    private static void Check(ListQuery query, string version, string token)
    {
        var errors = query.Watch ? CheckWatch(query, token) : CheckList(query, version, token);
        var found = errors.ToList();
        if (found.Count > 0)
        {
            throw Failures.Invalid("meta.k8s.io", "ListOptions", "", found);
        }
    }

    private static IEnumerable<FieldError> CheckList(ListQuery query, string version, string token)
    {
        if (query.Match is { } match)
        {
            if (version.Length == 0)
            {
                yield return FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
            }

            if (token.Length > 0)
            {
                yield return FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
            }

            if (match is not ("Exact" or "NotOlderThan"))
            {
                yield return FieldError.NotSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]);
            }

            if (match == "Exact" && version == "0")
            {
                yield return FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
            }
        }

        if (query.SendInitial is not null)
        {
            yield return FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
    }

    private static IEnumerable<FieldError> CheckWatch(ListQuery query, string token)
    {
        if (query.SendInitial is not null && query.Match != "NotOlderThan")
        {
            yield return FieldError.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }

        if (query.Match is not { } match)
        {
            yield break;
        }

        if (query.SendInitial is null)
        {
            yield return FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }

        if (match != "NotOlderThan")
        {
            yield return FieldError.NotSupported("resourceVersionMatch", match, ["NotOlderThan"]);
        }

        if (token.Length > 0)
        {
            yield return FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
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

    private static FieldSelector ParseFields(string? text, ResourcePath path)
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
            if (!IsSelectable(path.Kind, requirement.Path))
            {
                throw Failures.BadRequest(Unsupported(path.Kind, requirement.Path));
            }
        }

        if (path.Name is null)
        {
            return selector;
        }

        // A watch of one object selects it by name; a selector beside it may only say the same.
        return selector.IsEverything || selector.Required("metadata.name") == path.Name
            ? new FieldSelector([.. selector.Requirements, new FieldRequirement("metadata.name", true, path.Name)])
            : throw Failures.BadRequest("fieldSelector metadata.name doesn't match requested name");
    }

    // Kinds of the cluster that say which fields they select by leave out the namespace they do not have.
    private static bool IsSelectable(Kind kind, string field) => kind.SelectableFields.ContainsKey(field)
        || field == "metadata.name"
        || (field == "metadata.namespace" && (kind.IsNamespaced || kind.SelectableFields.Count == 0));

    private static string Unsupported(Kind kind, string field) => kind.GroupKind switch
    {
        "Job.batch" => $"field label \"{field}\" not supported for batchv1.Job",
        "StatefulSet.apps" => $"field label not supported for appsv1.StatefulSet: {field}",
        "ResourceSlice.resource.k8s.io" => $"field label not supported for {kind.Identity.ApiVersion}, Kind={kind.Name}: {field}",
        _ when kind.SelectableFields.Count > 0 => $"field label not supported: {field}",
        _ => $"\"{field}\" is not a known field selector: only \"{string.Join("\", \"", CommonFields)}\"",
    };
}
