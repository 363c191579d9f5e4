using Flotilla.Local;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication.OpenId;

namespace Flotilla.Composition;

/// <summary>From what the user asked for to what the API server is told.</summary>
internal static class AccessComposition
{
    public static AuditOptions? AuditFor(ClusterSettings settings) => settings.Access.AuditPolicyFile is { } policy
        ? new AuditOptions { PolicyFile = policy, LogFile = settings.Access.AuditLogFile ?? Path.Combine(settings.DataDirectory, "audit.log") }
        : null;

    public static OpenIdOptions? OpenIdFor(AccessSettings access) => access is { OidcIssuer: { } issuer, OidcClientId: { } client }
        ? new OpenIdOptions
        {
            Issuer = new Uri(issuer),
            ClientId = client,
            CaFile = access.OidcCaFile,
            UsernameClaim = access.OidcUsernameClaim ?? "sub",
            GroupsClaim = access.OidcGroupsClaim,
        }
        : null;
}
