using System.Net;
using System.Net.Http.Headers;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Aggregation;

/// <summary>
/// Carries this process's own requests to the servers of aggregated groups, vouching for the user as for any other
/// caller. A server that does not answer is a 503, as it is for those who come over the wire.
/// </summary>
internal sealed class AggregatedConnections(AggregatedApis apis, WebhookConnections connections, RequestUser user) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (apis.Of(request.RequestUri!.AbsolutePath) is not { IsAvailable: true } api)
        {
            return Unavailable("the server is currently unable to handle the request");
        }

        request.RequestUri = new Uri(new Uri(api.Target.Address.GetLeftPart(UriPartial.Authority)), request.RequestUri.PathAndQuery);
        foreach (var (name, value) in AggregatedRequests.HeadersOf(user))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            return await connections.For(api.Target).SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            return Unavailable($"error trying to reach service: {GoNetworkErrors.Explain(api.Target.Address.Authority, error)}");
        }
    }

    private static HttpResponseMessage Unavailable(string why)
    {
        var body = StoredObject.Serialize(Failures.ToJson(Failures.Unavailable(why).Status));
        return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
    }
}
