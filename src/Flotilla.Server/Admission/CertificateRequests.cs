using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Kinds.Certificates;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;

namespace Flotilla.Server.Admission;

/// <summary>
/// Signing requests carry who made them; approving and signing take a permission for the signer; nobody asks for a
/// certificate of <c>system:masters</c>.
/// </summary>
public sealed class CertificateRequests(Authorizer authorizer, TimeProvider time) : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private const string Approval = "approval";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind != CertificatesKinds.CertificateSigningRequest)
        {
            return ValueTask.CompletedTask;
        }

        if (request.Operation == AdmissionOperation.Create)
        {
            SetRequester(request);
        }
        else if (request is { Operation: AdmissionOperation.Update, Subresource: Approval or Subresource.StatusName, Old: { } old })
        {
            if (request.Subresource == Approval)
            {
                KeepAllButConditions(request.Object, old);
            }

            SetTimes(request.Object, old);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind != CertificatesKinds.CertificateSigningRequest)
        {
            return;
        }

        if (request.Operation == AdmissionOperation.Create)
        {
            CheckSubject(request);
        }
        else if (request is { Operation: AdmissionOperation.Update, Subresource: Approval or Subresource.StatusName, Old: { } old })
        {
            var approval = request.Subresource == Approval;
            var errors = SigningRequestRules.CheckChange(request.Object, old, approval).ToList();
            if (errors.Count > 0)
            {
                throw Failures.Invalid(request.Kind, NameOf(request), errors);
            }

            if (approval || !request.Object["status"].SameAs(old["status"]))
            {
                await CheckPermissionAsync(request, approval ? "approve" : "sign", cancellationToken);
            }
        }
    }

    private static void SetRequester(AdmissionRequest request)
    {
        var spec = request.Object.Child("spec");
        foreach (var name in (ReadOnlySpan<string>)["username", "uid", "groups", "extra"])
        {
            spec.Remove(name);
        }

        var user = request.User;
        spec["username"] = user.Name;
        if (!string.IsNullOrEmpty(user.Uid))
        {
            spec["uid"] = user.Uid;
        }

        spec["groups"] = new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]);
        if (user.Extra is { Count: > 0 } extra)
        {
            spec["extra"] = new JsonObject(extra.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)new JsonArray([.. pair.Value.Select(value => JsonValue.Create(value))]))));
        }
    }

    private static void KeepAllButConditions(JsonObject next, JsonObject old)
    {
        var conditions = next.Object("status").Array("conditions")?.DeepClone();
        next["spec"] = old["spec"]?.DeepClone();
        next["status"] = old["status"]?.DeepClone() ?? new JsonObject();
        if (conditions is null)
        {
            next.Child("status").Remove("conditions");
        }
        else
        {
            next.Child("status")["conditions"] = conditions;
        }
    }

    private void SetTimes(JsonObject next, JsonObject old)
    {
        var now = Times.Seconds(time.GetUtcNow());
        foreach (var condition in next.Object("status").Objects("conditions"))
        {
            var before = old.Object("status").Objects("conditions").FirstOrDefault(other => other.String("type") == condition.String("type"));
            var same = before is not null && before.String("status") == condition.String("status");
            condition.DefaultText("lastUpdateTime", now);
            condition.DefaultText("lastTransitionTime", same ? before.String("lastTransitionTime") ?? now : now);
        }
    }

    private static void CheckSubject(AdmissionRequest request)
    {
        var spec = request.Object.Object("spec");
        if (spec.String("signerName") == ClientSigner
            && SigningRequest.Parse(Convert.FromBase64String(spec.String("request") ?? ""), out _) is { } parsed
            && parsed.Organizations.Contains("system:masters"))
        {
            throw Refuse(request, $"use of {ClientSigner} signer with system:masters group is not allowed");
        }
    }

    private async ValueTask CheckPermissionAsync(AdmissionRequest request, string verb, CancellationToken cancellationToken)
    {
        var signer = request.Old!.Object("spec").String("signerName") ?? "";
        var wanted = new AccessAttributes(verb, "certificates.k8s.io", "signers", Name: signer) { Version = "*" };
        if (await authorizer.IsAllowedAsync(request.User, wanted, cancellationToken)
            || await authorizer.IsAllowedAsync(request.User, wanted with { Name = $"{signer.Split('/')[0]}/*" }, cancellationToken))
        {
            return;
        }

        throw Refuse(request, $"user not permitted to {verb} requests with signerName \"{signer}\"");
    }

    private static ApiException Refuse(AdmissionRequest request, string why) =>
        Failures.Forbidden($"{request.Kind.GroupResource} \"{NameOf(request)}\" is forbidden: {why}", request.Kind.Group, request.Kind.Plural, NameOf(request));

    private static string NameOf(AdmissionRequest request) => request.Object.Object("metadata").String("name") ?? "";
}
