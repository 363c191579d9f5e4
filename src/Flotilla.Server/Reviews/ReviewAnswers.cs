using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Validation;
using Flotilla.Server.Authentication.Tokens;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Subresources;

namespace Flotilla.Server.Reviews;

/// <summary>Kinds that are questions: they are answered at once and never stored.</summary>
public sealed class ReviewAnswers(AccessReviews access, TokenAuthenticators tokens, PodActions pods, KindRegistry kinds, TimeProvider time)
{
    private static readonly FieldSet StatusFields = FieldSet.FromJson(new JsonObject { ["f:status"] = new JsonObject() });

    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (path.Kind == CoreKinds.ComponentStatus && request.Method == "GET")
        {
            return ComponentStatus(request, path);
        }

        if (request.Method != "POST" || path.Name is not null)
        {
            throw Failures.MethodNotAllowed();
        }

        if (path.Kind == CoreKinds.Binding)
        {
            return await BindAsync(request, path, cancellationToken);
        }

        var (review, warnings) = BodyReader.ReadObject(request, path.Kind.Identity, path.Kind.Schema);
        if (path.Kind.Name != "SelfSubjectReview" && path.Kind.Name != "TokenReview")
        {
            FieldManager.TrackUpdate(null, review, path.Kind.Schema, new FieldWriter(request.FieldManager, path.Kind.Identity.ApiVersion, null, time.GetUtcNow()), StatusFields);
        }

        var spec = review.Object("spec");
        switch (path.Kind.Name)
        {
            case "SelfSubjectReview":
                review.Child("metadata")["creationTimestamp"] = Times.Seconds(time.GetUtcNow());
                review["status"] = new JsonObject { ["userInfo"] = UserInfo(request.User) };
                break;
            case "SelfSubjectAccessReview":
                review["status"] = await DecideAsync(request.User, path, review, cancellationToken);
                break;
            case "SubjectAccessReview":
                review["status"] = await DecideAsync(SubjectOf(spec), path, review, cancellationToken);
                break;
            case "LocalSubjectAccessReview":
                review["status"] = await DecideAsync(SubjectOf(spec), path, review, cancellationToken);
                break;
            case "SelfSubjectRulesReview":
                review["status"] = await ListRulesAsync(request, spec.String("namespace"), cancellationToken);
                break;
            case "TokenReview":
                review["status"] = await ReviewTokenAsync(spec, cancellationToken);
                break;
            default:
                throw Failures.MethodNotAllowed();
        }

        return Representation.Negotiate(request.Accept, shapes: false).Answer(review, 201, warnings);
    }

    private async Task<ApiAnswer> BindAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var (binding, _) = BodyReader.ReadObject(request, path.Kind.Identity, path.Kind.Schema);
        var target = path with { Kind = kinds.Find("", "v1", "pods")!, Name = binding.Object("metadata").String("name") ?? "", Subresource = "binding" };
        return await pods.BindAsync(request, target, cancellationToken);
    }

    private ApiAnswer ComponentStatus(ApiRequest request, ResourcePath path)
    {
        var items = new[] { "scheduler", "controller-manager", "etcd-0" }.Select(name => new JsonObject
        {
            ["kind"] = "ComponentStatus",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Healthy", ["status"] = "True", ["message"] = "ok" }),
        }).ToList();
        var representation = Representation.Negotiate(request.Accept);
        var nothing = new ListPage(default, [], null, null);
        if (path.Name is { } wanted)
        {
            return representation.Answer(items.Find(item => item.Object("metadata").String("name") == wanted) ?? throw Failures.NotFound(path.Kind, wanted));
        }

        return representation.Answer(representation.Shape == Shape.Table
            ? new TableBuilder(path.Kind, request["includeObject"], representation.MetaVersion, time).Table(items, nothing)
            : TableBuilder.List(path.Kind, items, nothing));
    }

    private async Task<JsonObject> DecideAsync(RequestUser user, ResourcePath path, JsonObject review, CancellationToken cancellationToken)
    {
        var resource = review.Object("spec").Object("resourceAttributes");
        var errors = AccessReviews.Check(review, self: path.Kind == AuthorizationKinds.SelfSubjectAccessReview).ToList();
        if (path.Kind == AuthorizationKinds.LocalSubjectAccessReview)
        {
            errors.AddRange(CheckLocal(review, path.Namespace));
        }

        return errors.Count > 0 ? throw Failures.Invalid(path.Kind, "", errors)
            : resource is not null && path.Namespace is { } space && resource.String("namespace") != space ? throw Failures.BadRequest($"spec.resourceAttributes.namespace must match namespace: {space}")
            : await access.DecideAsync(user, review.Object("spec"), cancellationToken);
    }

    private static IEnumerable<FieldError> CheckLocal(JsonObject review, string? space)
    {
        if (review.Object("spec").Object("nonResourceAttributes") is { } path)
        {
            yield return FieldError.Invalid("spec.nonResourceAttributes", path.DeepClone(), "disallowed on this kind of request");
        }

        if (review.Object("metadata").String("namespace") is { Length: > 0 } own && own != space)
        {
            yield return FieldError.Invalid("spec.resourceAttributes.namespace", own, "must match metadata.namespace");
        }
    }

    private async Task<JsonObject> ReviewTokenAsync(JsonObject? spec, CancellationToken cancellationToken)
    {
        if (spec.String("token") is not { Length: > 0 } token)
        {
            throw Failures.BadRequest("token is required for TokenReview in authentication");
        }

        var found = await tokens.IdentifyAsync(token, Texts(spec.Array("audiences")).ToList(), cancellationToken);
        return found.User is { } user
            ? new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = UserInfo(user),
                ["audiences"] = new JsonArray([.. (found.Audiences ?? Identity.ServiceAccountTokens.DefaultAudiences).Select(name => JsonValue.Create(name))]),
            }
            : new JsonObject { ["user"] = new JsonObject(), ["error"] = found.Rejection };
    }

    private Task<JsonObject> ListRulesAsync(ApiRequest request, string? space, CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(space) ? throw Failures.BadRequest("no namespace on request") : access.ListRulesAsync(request.User, space, cancellationToken);

    private static RequestUser SubjectOf(JsonObject? spec) =>
        new(spec.String("user") ?? "", Texts(spec.Array("groups")), spec.String("uid"), spec.Object("extra")?.ToDictionary(pair => pair.Key, pair => Texts(pair.Value as JsonArray)));

    private static IReadOnlyList<string> Texts(JsonArray? list) => [.. (list ?? []).Select(node => node.AsString() ?? "")];

    internal static JsonObject UserInfo(RequestUser user)
    {
        var info = new JsonObject { ["username"] = user.Name };
        if (user.Uid is { Length: > 0 } uid)
        {
            info["uid"] = uid;
        }

        info["groups"] = new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]);
        if (user.Extra is { Count: > 0 } extra)
        {
            info["extra"] = new JsonObject(extra.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)new JsonArray([.. pair.Value.Select(item => JsonValue.Create(item))]))));
        }

        return info;
    }
}
