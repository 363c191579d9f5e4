using System.Buffers.Text;
using System.Text;
using Flotilla.Server.Authentication.Tokens;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>Tokens in the <c>Authorization</c> header or, from browsers' web sockets, in the list of protocols.</summary>
public sealed class BearerAuthenticator(TokenAuthenticators tokens) : IRequestAuthenticator
{
    private const string Bearer = "Bearer ";
    private const string ProtocolPrefix = "base64url.bearer.authorization.k8s.io.";

    public ValueTask<Identification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : FromProtocols(context.Request.Headers);
        return string.IsNullOrEmpty(token) ? ValueTask.FromResult(Identification.Nobody) : tokens.IdentifyAsync(token, [], cancellationToken);
    }

    private static string? FromProtocols(IHeaderDictionary headers)
    {
        var named = headers["Sec-WebSocket-Protocol"]
            .SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            .FirstOrDefault(protocol => protocol.StartsWith(ProtocolPrefix, StringComparison.Ordinal));
        return named is not null && Base64Url.IsValid(named.AsSpan(ProtocolPrefix.Length)) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(named.AsSpan(ProtocolPrefix.Length))) : null;
    }
}
