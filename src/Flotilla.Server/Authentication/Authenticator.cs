using System.Security.Cryptography.X509Certificates;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authentication;

/// <summary>Says who a request comes from: a client certificate of the cluster's authority, or a service account's token.</summary>
public sealed class Authenticator(IStore store, ServiceAccountTokens tokens)
{
    private const string Bearer = "Bearer ";
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    /// <exception cref="Api.ApiException">401: credentials were shown that are not accepted.</exception>
    public async ValueTask<RequestUser> AuthenticateAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Connection.ClientCertificate is { } certificate)
        {
            return context.Features.Get<RequestUserFeature>()?.User ?? UserOf(certificate);
        }

        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return RequestUser.Anonymous;
        }

        return await VerifyAsync(header[Bearer.Length..].Trim(), [], cancellationToken) ?? throw Failures.Unauthorized();
    }

    /// <summary>The bearer of a token, as long as the account and what the token is bound to exist.</summary>
    public async ValueTask<RequestUser?> VerifyAsync(string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken)
    {
        if (tokens.Verify(token, audiences) is not { Claims: { } claims })
        {
            return null;
        }

        if (!await ExistsAsync(CoreKinds.ServiceAccount, claims.Namespace, claims.ServiceAccount, cancellationToken)
            || (claims.Pod is { } pod && !await ExistsAsync(CoreKinds.Pod, claims.Namespace, pod, cancellationToken)))
        {
            return null;
        }

        return new RequestUser(claims.UserName, claims.Groups, claims.ServiceAccount.Uid);
    }

    public static RequestUser UserOf(X509Certificate2 certificate)
    {
        var (name, groups) = ("", new List<string>());
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    name = part.GetSingleElementValue() ?? "";
                    break;
                case Organization:
                    groups.Add(part.GetSingleElementValue() ?? "");
                    break;
            }
        }

        groups.Add(RequestUser.Authenticated);
        return new RequestUser(name, groups);
    }

    private async ValueTask<bool> ExistsAsync(Kind kind, string space, BoundObject bound, CancellationToken cancellationToken) =>
        await store.GetAsync($"{kind.StoragePrefix}{space}/{bound.Name}", cancellationToken) is { } entry
        && (bound.Uid is null || entry.Value.Span.IndexOf(System.Text.Encoding.UTF8.GetBytes($"\"uid\":\"{bound.Uid}\"")) >= 0);
}

/// <summary>Kept on a connection: its certificate is looked at once.</summary>
public sealed record RequestUserFeature(RequestUser User);
