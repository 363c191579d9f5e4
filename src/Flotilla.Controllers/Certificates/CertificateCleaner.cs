using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Certificates;

/// <summary>Removes signing requests that nobody will look at any more.</summary>
internal sealed class CertificateCleaner : Controller
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeepDecided = TimeSpan.FromHours(1);
    private static readonly TimeSpan KeepPending = TimeSpan.FromHours(24);

    private readonly Informer<V1CertificateSigningRequest> requests;

    public CertificateCleaner(ControllerContext context)
        : base(context, "csrcleaner", workers: 1) => requests = Watch<V1CertificateSigningRequest>();

    /// <summary>Whether a request has served: issued, refused or failed an hour ago, forgotten for a day, or expired.</summary>
    internal static bool IsDue(V1CertificateSigningRequest request, DateTime now)
    {
        var decided = request.Status?.Conditions?.Where(condition => condition.Type is "Approved" or "Denied" or "Failed").ToList() ?? [];
        if (decided.Count == 0)
        {
            return now - request.Metadata.CreationTimestamp > KeepPending;
        }

        return decided.Any(condition => (condition.Type != "Approved" || request.IsIssued()) && now - condition.LastUpdateTime > KeepDecided)
            || IsExpired(request, now);
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override Task RunAsync(CancellationToken stoppingToken) => RepeatAsync(Period, CleanAsync, stoppingToken);

    private async Task CleanAsync(CancellationToken cancellationToken)
    {
        foreach (var request in requests.List().Where(request => IsDue(request, Now)))
        {
            try
            {
                await Client.DeleteAsync<V1CertificateSigningRequest>(request.Key(), null, cancellationToken);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                continue;
            }
        }
    }

    private static bool IsExpired(V1CertificateSigningRequest request, DateTime now)
    {
        if (!request.IsIssued())
        {
            return false;
        }

        try
        {
            using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(request.Status.Certificate));
            return certificate.NotAfter.ToUniversalTime() < now;
        }
        catch (CryptographicException)
        {
            // Another signer's, in a form of its own: its age decides.
            return false;
        }
    }
}
