using System.Text.Json;
using Flotilla.Api;
using Flotilla.Api.Kinds.Certificates;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Certificates;

/// <summary>Approves the client certificates of nodes, when whoever asks may have them.</summary>
internal sealed class CertificateApprovingController : Controller
{
    private readonly Informer<V1CertificateSigningRequest> requests;

    public CertificateApprovingController(ControllerContext context)
        : base(context, "csrapproving", workers: 1) => requests = WatchAndEnqueue<V1CertificateSigningRequest>();

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (requests.Get(key) is not { } request || request.IsIssued() || request.Has("Approved") || request.Has("Denied")
            || request.Spec.SignerName != SignerRules.KubeletClient
            || SigningRequest.Parse(request.Spec.Request, out _) is not { } parsed
            || SignerRules.Problem(request.Spec.SignerName, parsed, [.. request.Spec.Usages]) is not null)
        {
            return;
        }

        var own = request.Spec.Username == parsed.CommonName;
        if (own && await IsAllowedAsync(request, "selfnodeclient", cancellationToken))
        {
            await ApproveAsync(request, "Auto approving self kubelet client certificate after SubjectAccessReview.", cancellationToken);
        }
        else if (await IsAllowedAsync(request, "nodeclient", cancellationToken))
        {
            await ApproveAsync(request, "Auto approving kubelet client certificate after SubjectAccessReview.", cancellationToken);
        }
    }

    private async Task<bool> IsAllowedAsync(V1CertificateSigningRequest request, string subresource, CancellationToken cancellationToken)
    {
        var review = new V1SubjectAccessReview
        {
            ApiVersion = "authorization.k8s.io/v1",
            Kind = "SubjectAccessReview",
            Spec = new V1SubjectAccessReviewSpec
            {
                User = request.Spec.Username,
                Uid = request.Spec.Uid,
                Groups = request.Spec.Groups,
                Extra = request.Spec.Extra,
                ResourceAttributes = new V1ResourceAttributes { Group = "certificates.k8s.io", Resource = "certificatesigningrequests", Verb = "create", Subresource = subresource },
            },
        };
        var answer = await Client.SendAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", "application/json", ObjectJson.Encode(review), cancellationToken);
        using var document = JsonDocument.Parse(answer);
        return document.RootElement.GetProperty("status").GetProperty("allowed").GetBoolean();
    }

    private Task ApproveAsync(V1CertificateSigningRequest request, string message, CancellationToken cancellationToken) =>
        Client.SendAsync(
            HttpMethod.Put,
            $"/apis/certificates.k8s.io/v1/certificatesigningrequests/{request.Metadata.Name}/approval",
            "application/json",
            ObjectJson.Encode(request.With("Approved", "AutoApproved", message, Now)),
            cancellationToken);
}
