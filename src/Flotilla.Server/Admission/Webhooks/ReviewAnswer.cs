using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using k8s.Models;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>What a webhook answered, checked against what it was asked.</summary>
/// <param name="Patch">A JSON patch, or null.</param>
internal sealed record ReviewAnswer(bool Allowed, JsonObject? Result, JsonNode? Patch, IReadOnlyList<string> Warnings, IReadOnlyDictionary<string, string> Annotations)
{
    /// <exception cref="WebhookCallException">Not an answer to this question.</exception>
    public static ReviewAnswer Read(ReadOnlySpan<byte> body, string reviewVersion, string uid, bool mutating)
    {
        JsonObject review;
        try
        {
            review = GoJson.Parse(body) as JsonObject ?? throw new GoJsonException("the answer is not an object");
        }
        catch (GoJsonException error)
        {
            throw new WebhookCallException($"failed to call webhook: couldn't get version/kind; json parse error: {error.Message}");
        }

        var (version, kind) = (review.String("apiVersion") ?? "", review.String("kind") ?? "");
        if (version != $"admission.k8s.io/{reviewVersion}" || kind != "AdmissionReview")
        {
            throw Invalid($"expected webhook response of admission.k8s.io/{reviewVersion}, Kind=AdmissionReview, got {(version.Contains('/', StringComparison.Ordinal) ? version : "/" + version)}, Kind={kind}");
        }

        var response = review.Object("response") ?? throw Invalid("webhook response was absent");
        if (reviewVersion == "v1" && response.String("uid") != uid)
        {
            throw Invalid($"expected response.uid=\"{uid}\", got \"{response.String("uid")}\"");
        }

        return new ReviewAnswer(
            response.Boolean("allowed") == true,
            response.Object("status"),
            ReadPatch(response, reviewVersion, mutating),
            [.. response.Array("warnings")?.Select(node => node.AsString() ?? "") ?? []],
            (response.Object("auditAnnotations") ?? []).ToDictionary(pair => pair.Key, pair => pair.Value.AsString() ?? "", StringComparer.Ordinal));
    }

    /// <summary>The answer to the client whom a webhook refused.</summary>
    public ApiException Refusal(string webhook)
    {
        var status = Result is null ? new V1Status() : ObjectJson.Decode<V1Status>(Encoding.UTF8.GetBytes(Result.ToJsonString()));
        var denied = $"admission webhook \"{webhook}\" denied the request";
        status.Kind = "Status";
        status.ApiVersion = "v1";
        status.Status = status.Status is null or "" or "Success" ? "Failure" : status.Status;
        status.Code = status.Code is null or < 400 ? 400 : status.Code;
        status.Message = (status.Message, status.Reason) switch
        {
            ({ Length: > 0 } message, _) => $"{denied}: {message}",
            (_, { Length: > 0 } reason) => $"{denied}: {reason}",
            _ => $"{denied} without explanation",
        };
        return new ApiException(status);
    }

    private static JsonNode? ReadPatch(JsonObject response, string reviewVersion, bool mutating)
    {
        var (patch, type) = (response.String("patch") ?? "", response.String("patchType"));
        if (patch.Length == 0)
        {
            return type is null || reviewVersion != "v1" ? null : throw Invalid("webhook returned response.patchType but not response.patch");
        }

        if (!mutating)
        {
            throw Invalid(type is null ? "validating webhook may not return response.patch" : "validating webhook may not return response.patchType");
        }

        if (type != "JSONPatch" && reviewVersion == "v1")
        {
            throw Invalid(type is null ? "webhook returned response.patch but not response.patchType" : $"webhook returned invalid response.patchType of \"{type}\"");
        }

        try
        {
            return GoJson.Parse(Convert.FromBase64String(patch));
        }
        catch (Exception error) when (error is FormatException or GoJsonException or JsonException)
        {
            throw Invalid($"the patch cannot be read: {error.Message}");
        }
    }

    private static WebhookCallException Invalid(string why) => new($"received invalid webhook response: {why}");
}
