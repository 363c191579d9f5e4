using System.Security.Cryptography.X509Certificates;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>
/// Believes a proxy about its users. The proxy proves itself with a certificate of an authority that signs nothing
/// else, so no other client can name itself in headers.
/// </summary>
public sealed class RequestHeaderAuthenticator(X509Certificate2 authority, TimeProvider time) : IRequestAuthenticator
{
    public const string AllowedName = "front-proxy-client";
    public const string UserHeader = "X-Remote-User";
    public const string UidHeader = "X-Remote-Uid";
    public const string GroupHeader = "X-Remote-Group";
    public const string ExtraPrefix = "X-Remote-Extra-";

    public ValueTask<Identification> IdentifyAsync(HttpContext context, CancellationToken cancellationToken) =>
        ValueTask.FromResult(context.Request.Headers[UserHeader].ToString() is { Length: > 0 } user && IsProxy(context.Connection.ClientCertificate)
            ? new Identification(UserOf(user, context.Request.Headers))
            : Identification.Nobody);

    private bool IsProxy(X509Certificate2? certificate) =>
        certificate is not null
        && certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == AllowedName
        && TrustedCertificates.IsSignedBy(certificate, [authority], time);

    private static RequestUser UserOf(string user, IHeaderDictionary headers)
    {
        var groups = headers[GroupHeader].Where(group => !string.IsNullOrEmpty(group)).Select(group => group!).ToList();
        if (!groups.Contains(RequestUser.Authenticated))
        {
            groups.Add(RequestUser.Authenticated);
        }

        return new RequestUser(user, groups, headers[UidHeader].ToString() is { Length: > 0 } uid ? uid : null, HeaderExtra.Read(headers, ExtraPrefix));
    }
}
