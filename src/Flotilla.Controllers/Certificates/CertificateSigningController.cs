using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Api.Kinds.Certificates;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Certificates;

/// <summary>Signs what has been approved, for the cluster's own signers.</summary>
internal sealed class CertificateSigningController : Controller
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(10);

    private readonly Informer<V1CertificateSigningRequest> requests;

    public CertificateSigningController(ControllerContext context)
        : base(context, "csrsigning", workers: 1) => requests = WatchAndEnqueue<V1CertificateSigningRequest>();

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (requests.Get(key) is not { } request || Options.SignCertificate is not { } sign
            || !request.Has("Approved") || request.Has("Denied") || request.Has("Failed") || request.IsIssued() || !SignerRules.IsOurs(request.Spec.SignerName))
        {
            return;
        }

        var parsed = SigningRequest.Parse(request.Spec.Request, out var problem);
        var refusal = parsed is null ? problem : SignerRules.Problem(request.Spec.SignerName, parsed, [.. request.Spec.Usages]);
        if (parsed is null || refusal is not null)
        {
            await Client.UpdateStatusAsync(request.With("Failed", "SignerValidationFailure", refusal!, Now), cancellationToken);
            return;
        }

        var certificate = sign(parsed.Request, Usages.KeyFlags(request.Spec.Usages), Usages.ExtendedOids(request.Spec.Usages), Lifetime(request.Spec.ExpirationSeconds));
        await Client.UpdateStatusAsync(request with { Status = request.Status with { Certificate = Encoding.ASCII.GetBytes(certificate) } }, cancellationToken);
    }

    private static TimeSpan Lifetime(int? seconds) => seconds is null ? LongestLifetime
        : TimeSpan.FromSeconds(seconds.Value) is var wanted && wanted > LongestLifetime ? LongestLifetime
        : wanted < ShortestLifetime ? ShortestLifetime : wanted;
}

/// <summary>Signs the key of a checked request: (request, key usages, extended usages, lifetime) to PEM.</summary>
public delegate string CertificateSigner(CertificateRequest request, X509KeyUsageFlags keyUsages, IReadOnlyList<string> extendedUsages, TimeSpan lifetime);
