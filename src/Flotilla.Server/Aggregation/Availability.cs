using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Aggregation;

/// <summary>What became of asking another server for its resources.</summary>
internal sealed record AvailabilityCheck(bool IsAvailable, string Reason, string Message, JsonObject? Resources = null);

/// <summary>Asks another server whether it serves what its APIService promises.</summary>
internal sealed class Availability(WebhookConnections connections, ServiceEndpoints services)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task<AvailabilityCheck> CheckAsync(AggregatedApi api, CancellationToken cancellationToken)
    {
        if (api.Target.Service is not { } service)
        {
            return new AvailabilityCheck(false, "ServiceNotFound", "the APIService names no service");
        }

        try
        {
            await services.ResolveAsync(service, cancellationToken);
        }
        catch (WebhookCallException error)
        {
            return error.Message.EndsWith("not found", StringComparison.Ordinal)
                ? new AvailabilityCheck(false, "ServiceNotFound", $"service/{service.Name} in \"{service.Namespace}\" is not present")
                : new AvailabilityCheck(false, "MissingEndpoints", $"endpoints for service/{service.Name} in \"{service.Namespace}\" have no addresses with port name \"\"");
        }

        return await AskAsync(api, cancellationToken);
    }

    private async Task<AvailabilityCheck> AskAsync(AggregatedApi api, CancellationToken cancellationToken)
    {
        var address = $"{api.Target.Address.GetLeftPart(UriPartial.Authority)}/apis/{api.Group}/{api.Version}";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(Limit);
        AvailabilityCheck Failed(string why) => new(false, "FailedDiscoveryCheck", $"failing or missing response from {address}: {why}");
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, address);
            message.Headers.TryAddWithoutValidation("Accept", "application/json");
            foreach (var (name, value) in AggregatedRequests.HeadersOf(new RequestUser("system:kube-aggregator", [RequestUser.Masters])))
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await connections.For(api.Target).SendAsync(message, ending.Token);
            var body = await response.Content.ReadAsByteArrayAsync(ending.Token);
            return response.IsSuccessStatusCode
                ? new AvailabilityCheck(true, "Passed", "all checks passed", GoJson.Parse(body) as JsonObject)
                : Failed($"bad status from {address}: {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed($"Get \"{address}\": {GoNetworkErrors.DeadlineExceeded}");
        }
        catch (HttpRequestException error)
        {
            return Failed($"Get \"{address}\": {GoNetworkErrors.Explain(api.Target.Address.Authority, error)}");
        }
        catch (GoJsonException error)
        {
            return Failed(error.Message);
        }
    }
}
