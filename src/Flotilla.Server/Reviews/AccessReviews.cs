using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Reviews;

/// <summary>Answers who may do what: the reviews of group <c>authorization.k8s.io</c>.</summary>
public sealed class AccessReviews(Authorizer authorizer)
{
    public async Task<JsonObject> DecideAsync(RequestUser user, JsonObject? spec, CancellationToken cancellationToken)
    {
        var wanted = Wanted(spec, out var problem);
        var decision = await authorizer.DecideAsync(user, wanted, cancellationToken);
        var status = new JsonObject { ["allowed"] = decision.IsAllowed };
        if (decision.Verdict == Verdict.Deny)
        {
            status["denied"] = true;
        }

        Add(status, "reason", decision.Reason);
        Add(status, "evaluationError", Join(problem, decision.Error));
        return status;
    }

    public async Task<JsonObject> ListRulesAsync(RequestUser user, string space, CancellationToken cancellationToken)
    {
        var list = await authorizer.RulesAsync(user, space, cancellationToken);
        var status = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. list.Rules.Where(rule => rule.Resources.Count > 0).Select(rule => rule.ToJson())]),
            ["nonResourceRules"] = new JsonArray([.. list.Rules.Where(rule => rule.Urls.Count > 0).Select(rule => rule.ToJson())]),
            ["incomplete"] = list.IsIncomplete || list.Errors.Count > 0,
        };
        Add(status, "evaluationError", list.Errors.Count == 0 ? "" : Authorization.Rbac.RbacAuthorizer.Aggregate(list.Errors));
        return status;
    }

    public static IEnumerable<FieldError> Check(JsonObject review, bool self)
    {
        var spec = review.Object("spec");
        var (resource, path) = (spec.Object("resourceAttributes"), spec.Object("nonResourceAttributes"));
        if (resource is not null && path is not null)
        {
            yield return FieldError.Invalid("spec.nonResourceAttributes", path.DeepClone(), "cannot be specified in combination with resourceAttributes");
        }

        if (resource is null && path is null)
        {
            yield return FieldError.Invalid("spec.resourceAttributes", (JsonNode?)null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }

        if (!self && string.IsNullOrEmpty(spec.String("user")) && spec.Array("groups") is not { Count: > 0 })
        {
            yield return FieldError.Invalid("spec.user", "", "at least one of user or group must be specified");
        }

        var selectors = AccessSelectors.Names.Where(name => resource.Object(name) is not null);
        foreach (var error in selectors.SelectMany(name => AccessSelectors.Check(resource.Object(name)!, $"spec.resourceAttributes.{name}")))
        {
            yield return error;
        }
    }

    private static AccessAttributes Wanted(JsonObject? spec, out string problem)
    {
        problem = "";
        if (spec.Object("resourceAttributes") is not { } resource)
        {
            var path = spec.Object("nonResourceAttributes");
            return new AccessAttributes(path.String("verb") ?? "", Path: path.String("path") ?? "");
        }

        var wanted = new AccessAttributes(
            resource.String("verb") ?? "", resource.String("group") ?? "", resource.String("resource") ?? "", resource.String("subresource") ?? "", resource.String("namespace"), resource.String("name") ?? "")
        {
            Version = resource.String("version") ?? "*",
        };
        (wanted, problem) = AccessSelectors.Narrow(wanted, resource);
        return wanted;
    }

    private static string Join(string first, string? second) => string.IsNullOrEmpty(second) ? first : first.Length == 0 ? second : $"{first}\n{second}";

    private static void Add(JsonObject status, string name, string text)
    {
        if (text.Length > 0)
        {
            status[name] = text;
        }
    }
}
