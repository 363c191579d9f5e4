using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Flotilla.Server.Http;

/// <summary>A request to the API, whether it came over the wire or from inside the process.</summary>
public sealed class ApiRequest
{
    public required string Method { get; init; }

    /// <summary>Decoded path, without the query.</summary>
    public required string Path { get; init; }

    public IReadOnlyDictionary<string, StringValues> Query { get; init; } = new Dictionary<string, StringValues>();

    public string? ContentType { get; init; }

    public string Accept { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    public RequestUser User { get; init; } = RequestUser.System;

    public string UserAgent { get; init; } = "";

    /// <summary>Under which its writes happen.</summary>
    public Fence? Fence { get; init; }

    /// <summary>Collected while the request is handled.</summary>
    public RequestNotes Notes { get; } = new();

    public string? this[string name] => Query.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>Who a write is attributed to: the query's fieldManager, else the program's name in User-Agent.</summary>
    public string FieldManager
    {
        get
        {
            if (this["fieldManager"] is { Length: > 0 } given)
            {
                return given;
            }

            var name = UserAgent.Split('/')[0];
            return name.Length switch { 0 => "unknown", > 128 => name[..128], _ => name };
        }
    }

    public bool IsDryRun => this["dryRun"] is { Length: > 0 };

    public static ApiRequest Internal(string method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, RequestUser user, string agent, Fence? fence = null)
    {
        var at = pathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return new ApiRequest
        {
            Method = method,
            Path = Uri.UnescapeDataString(at < 0 ? pathAndQuery : pathAndQuery[..at]),
            Query = at < 0 ? new Dictionary<string, StringValues>() : QueryHelpers.ParseQuery(pathAndQuery[at..]),
            ContentType = contentType,
            Accept = "application/json",
            Body = body,
            User = user,
            UserAgent = agent,
            Fence = fence,
        };
    }
}
