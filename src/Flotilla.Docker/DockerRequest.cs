using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Docker;

/// <summary>A request as a route sees it: without the version, with the words its pattern found in the path.</summary>
public sealed record DockerRequest(HttpContext Context, ApiVersion Version, IReadOnlyDictionary<string, string> Words)
{
    /// <summary>What the path says for <c>{id}</c>.</summary>
    public string Id => Words["id"];

    public string? Query(string name) => Context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    /// <summary>As Docker reads truth: not empty, <c>0</c>, <c>no</c>, <c>false</c> or <c>none</c>.</summary>
    public bool Flag(string name, bool absent = false) =>
        Query(name) is { } text ? text.Trim().ToLowerInvariant() is not ("" or "0" or "no" or "false" or "none") : absent;

    /// <exception cref="DockerException">Missing, or no number.</exception>
    public long VersionIndex => long.TryParse(Query("version"), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        ? index
        : throw DockerException.BadRequest($"invalid version '{Query("version")}': strconv.ParseUint: parsing \"{Query("version")}\": invalid syntax");

    /// <summary>The body, however large it is.</summary>
    public Stream Archive
    {
        get
        {
            if (Context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            {
                limit.MaxRequestBodySize = null;
            }

            return Context.Request.Body;
        }
    }

    public Task<JsonObject> BodyAsync(CancellationToken cancellationToken) => WireJson.ReadAsync(Context.Request.Body, cancellationToken);
}
