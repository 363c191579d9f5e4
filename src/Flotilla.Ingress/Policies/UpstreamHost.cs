using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>The name that a destination is called by, instead of the client's.</summary>
internal sealed record UpstreamHost(string Host) : IMessageChange
{
    public void OnRequest(Exchange exchange, HttpRequestMessage request) => request.Headers.Host = Host;
}
