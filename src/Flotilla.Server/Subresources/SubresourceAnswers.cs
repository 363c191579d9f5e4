using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Subresources;

/// <summary>What lies below an object: status, scale, binding, eviction, tokens, finalization, logs.</summary>
public sealed class SubresourceAnswers(ObjectStore objects, ResourceReads reads, ResourceWrites writes, ScaleAnswers scale, PodActions pods, TokenAnswers tokens, LogAnswers logs, ExplanationAnswers explanations)
{
    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (path is { Kind.Name: "Pod", Subresource: ExplanationAnswers.Name } && request.Method == "GET")
        {
            return await explanations.AnswerAsync(path, cancellationToken);
        }

        if (path.Kind.Subresources.FirstOrDefault(known => known.Name == path.Subresource) is not { } subresource)
        {
            throw Failures.NoSuchPath();
        }

        if (!subresource.Verbs.Contains(VerbOf(request.Method)))
        {
            throw Failures.MethodNotAllowed();
        }

        return (path.Kind.Name, subresource.Name, request.Method) switch
        {
            (_, Subresource.ScaleName, _) => await scale.AnswerAsync(request, path, cancellationToken),
            ("Pod", "binding", _) => await pods.BindAsync(request, path, cancellationToken),
            ("Pod", "eviction", _) => await pods.EvictAsync(request, path, cancellationToken),
            ("Pod", "log", _) => await logs.AnswerAsync(request, path, cancellationToken),
            ("ServiceAccount", "token", _) => await tokens.CreateAsync(request, path, cancellationToken),
            ("Namespace", "finalize", _) => await FinalizeAsync(request, path, cancellationToken),
            (_, "proxy", _) => throw Failures.Unavailable("proxying through the API server is not offered; use kubectl port-forward"),
            (_, _, "GET") => reads.Present(request, path.Kind, await objects.GetAsync(path.Kind, path.Key, cancellationToken)),
            (_, _, "PUT") => await writes.UpdateAsync(request, path, cancellationToken),
            (_, _, "PATCH") => await writes.PatchAsync(request, path, cancellationToken),
            _ => throw Failures.MethodNotAllowed(),
        };
    }

    public static string VerbOf(string method) => method switch
    {
        "GET" or "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        _ => "delete",
    };

    /// <summary>Sets <c>spec.finalizers</c>; a deleted namespace without any disappears.</summary>
    private async Task<ApiAnswer> FinalizeAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var (value, _) = BodyReader.ReadObject(request, path.Kind.Identity, path.Kind.Schema);
        var finalizers = value.Object("spec").Array("finalizers");
        var entry = await objects.ChangeAsync(
            path.Kind,
            path.Key,
            "finalize",
            ResourceWrites.Options(request),
            current =>
            {
                var spec = current.Child("spec");
                if (finalizers is { Count: > 0 })
                {
                    spec["finalizers"] = finalizers.DeepClone();
                }
                else
                {
                    spec.Remove("finalizers");
                }

                current.Child("metadata").Remove("resourceVersion");
                return current;
            },
            cancellationToken);
        return reads.Present(request, path.Kind, entry);
    }
}
