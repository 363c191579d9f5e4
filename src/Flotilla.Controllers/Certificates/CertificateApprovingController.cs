using System.Text.Json;
using Flotilla.Api;
using Flotilla.Api.Kinds.Certificates;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Certificates;

/// <summary>
/// Approves the certificates of nodes, when whoever asks may have them: as clients, and as servers under the names that
/// the Node tells. A name that a living node has is not given to another machine.
/// </summary>
internal sealed class CertificateApprovingController : Controller
{
    private const string NodePrefix = "system:node:";
    private const string Bootstrappers = "system:bootstrappers";

    private static readonly TimeSpan AddressPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AddressInterval = TimeSpan.FromSeconds(1);

    private readonly Informer<V1CertificateSigningRequest> requests;

    public CertificateApprovingController(ControllerContext context)
        : base(context, "csrapproving", workers: 1) => requests = WatchAndEnqueue<V1CertificateSigningRequest>();

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (requests.Get(key) is not { } request || request.IsIssued() || request.Has("Approved") || request.Has("Denied")
            || request.Spec.SignerName is not (SignerRules.KubeletClient or SignerRules.KubeletServing)
            || SigningRequest.Parse(request.Spec.Request, out _) is not { } parsed
            || SignerRules.Problem(request.Spec.SignerName, parsed, [.. request.Spec.Usages]) is not null)
        {
            return;
        }

        var own = request.Spec.Username == parsed.CommonName;
        if (request.Spec.SignerName == SignerRules.KubeletServing)
        {
            if (own && await ServesUnderAsync(parsed, cancellationToken))
            {
                await DecideAsync(request, "Approved", "AutoApproved", "Auto approving the serving certificate of a node for its own addresses.", cancellationToken);
            }
            else if (own && Now - request.Metadata.CreationTimestamp < AddressPatience)
            {
                Queue.AddAfter(key, AddressInterval);
            }
        }
        else if (own && await IsAllowedAsync(request, "selfnodeclient", cancellationToken))
        {
            await DecideAsync(request, "Approved", "AutoApproved", "Auto approving self kubelet client certificate after SubjectAccessReview.", cancellationToken);
        }
        else if (await IsAllowedAsync(request, "nodeclient", cancellationToken))
        {
            if (request.Spec.Groups?.Contains(Bootstrappers) == true && await IsAliveAsync(NodeOf(parsed), cancellationToken))
            {
                var refusal = $"a node named {NodeOf(parsed)} is alive in this cluster; give this machine another name with --node-name, or remove that node first with: flotilla node rm {NodeOf(parsed)}";
                await DecideAsync(request, "Denied", "NodeNameInUse", refusal, cancellationToken);
                return;
            }

            await DecideAsync(request, "Approved", "AutoApproved", "Auto approving kubelet client certificate after SubjectAccessReview.", cancellationToken);
        }
    }

    private static string NodeOf(SigningRequest request) => request.CommonName[NodePrefix.Length..];

    private async Task<bool> IsAliveAsync(string node, CancellationToken cancellationToken)
    {
        try
        {
            var lease = await Client.GetAsync<V1Lease>(new ObjectKey("kube-node-lease", node), cancellationToken);
            return lease.Spec?.RenewTime is { } renewed && Now - renewed.ToUniversalTime() < Options.NodeGracePeriod;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    // A node that has just registered may not have told its addresses yet: the request is looked at again.
    private async Task<bool> ServesUnderAsync(SigningRequest request, CancellationToken cancellationToken)
    {
        V1Node node;
        try
        {
            node = await Client.GetAsync<V1Node>(new ObjectKey(null, NodeOf(request)), cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return false;
        }

        var known = (node.Status?.Addresses ?? []).Select(address => address.Address).Append(node.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        return request.Names.Dns.All(known.Contains) && request.Names.Addresses.All(address => known.Contains(address.ToString()));
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

    private Task DecideAsync(V1CertificateSigningRequest request, string decision, string reason, string message, CancellationToken cancellationToken) =>
        Client.SendAsync(
            HttpMethod.Put,
            $"/apis/certificates.k8s.io/v1/certificatesigningrequests/{request.Metadata.Name}/approval",
            "application/json",
            ObjectJson.Encode(request.With(decision, reason, message, Now)),
            cancellationToken);
}
