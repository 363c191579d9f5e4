using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authentication.Webhooks;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authorization.Webhooks;

/// <summary>Lets another server decide, by a SubjectAccessReview. While it does not answer, it has no opinion.</summary>
public sealed class AuthorizationWebhook(RemoteReviewer reviewer, TimeProvider time) : IAuthorizer
{
    private static readonly TimeSpan KeepYes = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan KeepNo = TimeSpan.FromSeconds(30);

    private readonly AnswerCache<Answer> cache = new(time);

    public async ValueTask<Decision> DecideAsync(RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        var spec = Spec(user, wanted);
        var question = spec.ToJsonString();
        if (cache.Find(question) is { } known)
        {
            return known.Decision;
        }

        try
        {
            var review = new JsonObject { ["kind"] = "SubjectAccessReview", ["apiVersion"] = "authorization.k8s.io/v1", ["spec"] = spec };
            var decision = Read(await reviewer.AskAsync(review, cancellationToken));
            return cache.Keep(question, new Answer(decision), decision.IsAllowed ? KeepYes : KeepNo).Decision;
        }
        catch (HttpRequestException error)
        {
            return new Decision(Verdict.NoOpinion, "", error.Message);
        }
    }

    public ValueTask<RuleList> RulesAsync(RequestUser user, string? space, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new RuleList([], ["webhook authorizer does not support user rule resolution"], IsIncomplete: true));

    private static Decision Read(JsonObject status)
    {
        var verdict = status.Boolean("denied") == true ? Verdict.Deny : status.Boolean("allowed") == true ? Verdict.Allow : Verdict.NoOpinion;
        return new Decision(verdict, status.String("reason") ?? "", status.String("evaluationError") is { Length: > 0 } error ? error : null);
    }

    private static JsonObject Spec(RequestUser user, AccessAttributes wanted)
    {
        var spec = new JsonObject();
        if (wanted.Path is { } path)
        {
            spec["nonResourceAttributes"] = new JsonObject { ["path"] = path, ["verb"] = wanted.Verb };
        }
        else
        {
            var attributes = new JsonObject();
            foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[
                ("namespace", wanted.Namespace), ("verb", wanted.Verb), ("group", wanted.Group), ("version", wanted.Version), ("resource", wanted.Resource), ("subresource", wanted.Subresource), ("name", wanted.Name)])
            {
                if (!string.IsNullOrEmpty(value))
                {
                    attributes[name] = value;
                }
            }

            Reviews.AccessSelectors.Write(wanted, attributes);
            spec["resourceAttributes"] = attributes;
        }

        foreach (var (name, value) in Reviews.ReviewAnswers.UserInfo(user))
        {
            spec[name == "username" ? "user" : name] = value?.DeepClone();
        }

        return spec;
    }

    private sealed record Answer(Decision Decision);
}
