using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>A change to what a destination is sent, or to what the client gets back.</summary>
internal interface IMessageChange
{
    void OnRequest(Exchange exchange, HttpRequestMessage request)
    {
    }

    void OnResponse(Exchange exchange)
    {
    }
}
