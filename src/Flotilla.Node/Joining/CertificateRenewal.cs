using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Joining;

/// <summary>Gets the node's serving certificate and renews both certificates in place long before they expire. Nothing restarts.</summary>
public sealed partial class CertificateRenewal(NodeIdentity identity, NodeOptions options, IObjectClient client, TimeProvider time, ILogger<CertificateRenewal> logger)
    : BackgroundService
{
    // The rest of the lifetime is for a control plane that is away.
    private const double RenewAtFraction = 0.6;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        KeepAsync(
            "serving",
            () => identity.Serving,
            async token => identity.SetServing(await CertificateRequests.ServingAsync(
                client, options.NodeName, Pods.NodeAddress.Of(options), options.CertificateLifetime, time, token)),
            stoppingToken),
        KeepAsync(
            "client",
            () => identity.Client,
            async token => identity.SetClient(await CertificateRequests.ClientAsync(client, options.NodeName, options.CertificateLifetime, time, token)),
            stoppingToken));

    /// <summary>When a certificate is replaced.</summary>
    internal static DateTimeOffset DueAt(X509Certificate2 certificate, TimeSpan? after)
    {
        var (begin, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return begin + (after ?? ((end - begin) * RenewAtFraction));
    }

    private async Task KeepAsync(string what, Func<X509Certificate2?> current, Func<CancellationToken, Task> renewAsync, CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, identity.AuthoritiesReplaced);
            try
            {
                if (current() is { } certificate && IsOurs(certificate) && DueAt(certificate, options.RenewCertificatesAfter) - time.GetUtcNow() is { Ticks: > 0 } left)
                {
                    // Never later than a minute: clocks are set, and machines sleep.
                    await Task.Delay(left < LongestRetry ? left : LongestRetry, time, awake.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    continue;
                }

                await renewAsync(cancellationToken);
                if (!identity.IsOfFirst(current()!))
                {
                    throw new JoinException("the server signs by another authority than the cluster tells");
                }

                Log.Renewed(logger, what, current()!.NotAfter.ToUniversalTime());
                retry = FirstRetry;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or JoinException or TimeoutException or IOException or OperationCanceledException)
            {
                Log.Failed(logger, what, failure.Message);
                await Task.Delay(retry, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            }
        }
    }

    // A serving certificate of another name or address is of before a move, one of another authority of before a rotation.
    private bool IsOurs(X509Certificate2 certificate) =>
        identity.IsOfFirst(certificate) && (ReferenceEquals(certificate, identity.Client)
        || (certificate.MatchesHostname(options.NodeName, allowWildcards: false, allowCommonName: false)
            && certificate.MatchesHostname(Pods.NodeAddress.Of(options).ToString(), allowWildcards: false, allowCommonName: false)));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The node has a new {What} certificate, valid until {Until:u}")]
        public static partial void Renewed(ILogger logger, string what, DateTime until);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The node's {What} certificate was not renewed: {Reason}")]
        public static partial void Failed(ILogger logger, string what, string reason);
    }
}
