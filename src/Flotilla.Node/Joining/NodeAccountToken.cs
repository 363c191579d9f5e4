using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Joining;

/// <summary>Keeps a token of the <see cref="NodeAccount"/>, which is there when the start returns and renewed at four fifths of its hour.</summary>
public sealed partial class NodeAccountToken(IObjectClient client, TimeProvider time, ILogger<NodeAccountToken> logger) : BackgroundService
{
    private const int Seconds = 3600;
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(Seconds * 0.8);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private volatile string? token;

    public string? Current => token;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RenewAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wait = RenewAfter;
        while (true)
        {
            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await RenewAsync(stoppingToken);
                wait = RenewAfter;
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or TimeoutException or IOException or OperationCanceledException)
            {
                Log.Failed(logger, failure.Message);
                wait = Retry;
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var request = new Authenticationv1TokenRequest
        {
            ApiVersion = "authentication.k8s.io/v1",
            Kind = "TokenRequest",
            Spec = new V1TokenRequestSpec { Audiences = [], ExpirationSeconds = Seconds },
        };
        var answer = await client.PostAsync<V1ServiceAccount, Authenticationv1TokenRequest, Authenticationv1TokenRequest>(
            new ObjectKey(NodeAccount.Namespace, NodeAccount.Name), "token", request, cancellationToken);
        token = answer.Status.Token;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The token of the node's account was not renewed: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
