using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Server.Authentication.Tokens;
using Flotilla.Server.Authorization;
using Flotilla.Server.Discovery;
using Flotilla.Server.Objects;
using Flotilla.Server.OpenApi;
using Flotilla.Server.ResourceMetrics;
using Flotilla.Server.Reviews;
using Flotilla.Server.Subresources;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Finds who answers a request. Everything the API does passes here, from the wire and from inside.</summary>
public sealed class ApiHandler(
    KindRegistry kinds,
    Authorizer authorizer,
    DiscoveryDocuments discovery,
    OpenApiDocuments openApi,
    ServerStatus status,
    IssuerDiscovery issuer,
    ReviewAnswers reviews,
    IStore store,
    ResourceReads reads,
    ResourceWrites writes,
    SubresourceAnswers subresources,
    MetricsAnswers metrics)
{
    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        await authorizer.AuthorizeAsync(request, cancellationToken);
        if (await status.TryAnswerAsync(request, cancellationToken) is { } health)
        {
            return health;
        }

        var path = ResourcePath.Parse(request.Path, kinds);
        if (path is null)
        {
            return issuer.TryAnswer(request) ?? discovery.TryAnswer(request) ?? openApi.TryAnswer(request) ?? await MissingAsync(request);
        }

        if (path.Kind.Custom?.DeprecationWarning is { } warning)
        {
            request.Notes.Warn(warning);
        }

        await CatchUpAsync(request, path, cancellationToken);
        if (path.IsWatch)
        {
            return await WatchAsync(request, path, cancellationToken);
        }

        if (path.Subresource is not null)
        {
            return await subresources.AnswerAsync(request, path, cancellationToken);
        }

        if (path.Kind.Group == MetricsKinds.GroupName)
        {
            return await metrics.AnswerAsync(request, path, cancellationToken);
        }

        if (!path.Kind.IsStored)
        {
            return await reviews.AnswerAsync(request, path, cancellationToken);
        }

        return (request.Method, path.Name) switch
        {
            ("GET", null) => await reads.ListAsync(request, path, cancellationToken),
            ("GET", _) => await reads.GetAsync(request, path, cancellationToken),
            ("POST", null) => await writes.CreateAsync(request, path, cancellationToken),
            ("PUT", not null) => await writes.UpdateAsync(request, path, cancellationToken),
            ("PATCH", not null) => await writes.PatchAsync(request, path, cancellationToken),
            ("DELETE", not null) => await writes.DeleteAsync(request, path, cancellationToken),
            ("DELETE", null) => await writes.DeleteCollectionAsync(request, path, cancellationToken),
            _ => throw Failures.MethodNotAllowed(),
        };
    }

    /// <summary>
    /// What other servers have acknowledged must be seen, unless the client says what it has seen, and that this is enough.
    /// Who creates something reads nothing; who watches begins where it says.
    /// </summary>
    private ValueTask CatchUpAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var needsNewest = request.Method switch
        {
            "POST" => path.Subresource is not null,
            "GET" or "HEAD" => string.IsNullOrEmpty(request["resourceVersion"]) && string.IsNullOrEmpty(request["continue"]),
            _ => true,
        };
        return needsNewest && store.IsShared ? store.CatchUpAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    private Task<ApiAnswer> WatchAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (path.Subresource is not null || !path.Kind.Verbs.Contains("watch"))
        {
            throw Failures.NoSuchPath();
        }

        return request.Method is "GET" or "HEAD" ? reads.ListAsync(request, path, cancellationToken) : throw Failures.MethodNotAllowed();
    }

    private Task<ApiAnswer> MissingAsync(ApiRequest request)
    {
        // A known group and version with an unknown resource answers with a Status; anything else is not a path at all.
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var known = parts is ["api", var core, ..] ? kinds.GroupVersions.Contains(("", core)) : parts is ["apis", var group, var version, ..] && kinds.GroupVersions.Contains((group, version));
        return known && parts.Length > (parts[0] == "api" ? 2 : 3) ? throw Failures.NoSuchPath() : Task.FromResult(ApiAnswer.Text("404 page not found\n", 404));
    }
}
