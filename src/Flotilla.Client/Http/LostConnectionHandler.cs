using System.Net.Sockets;

namespace Flotilla.Client;

/// <summary>
/// Tells of a connection that its peer ended while it was being made as of every other connection that could not be made.
/// The HTTP client asks a new socket for its peer outside of what it wraps, so the socket's own exception would get out.
/// </summary>
public sealed class LostConnectionHandler(HttpMessageHandler connections) : DelegatingHandler(connections)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException lost)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, lost.Message, lost);
        }
    }
}
