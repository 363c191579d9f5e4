using Flotilla.Ingress.Proxying;

namespace Flotilla.Ingress.Policies;

/// <summary>Something that is done before a request is forwarded, and that may answer it instead.</summary>
internal interface IRouteStep
{
    /// <returns>true: the request was answered.</returns>
    ValueTask<bool> RunAsync(Exchange exchange);
}
