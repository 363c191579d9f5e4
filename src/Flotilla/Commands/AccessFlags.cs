using System.CommandLine;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>Audit, other issuers, webhooks and admission, under the names they have at upstream's API server.</summary>
internal sealed class AccessFlags
{
    private readonly Option<string?> auditPolicy = new("--audit-policy-file") { Description = "What to write into the audit log (audit.k8s.io/v1 Policy); without it nothing is." };
    private readonly Option<string?> auditLog = new("--audit-log-path") { Description = "The audit log (audit.log in the data directory)." };
    private readonly Option<string?> issuer = new("--oidc-issuer-url") { Description = "An OpenID Connect issuer whose tokens are accepted." };
    private readonly Option<string?> clientId = new("--oidc-client-id") { Description = "The audience its tokens must name." };
    private readonly Option<string?> ca = new("--oidc-ca-file") { Description = "Certificates by which the issuer is recognized (the system's)." };
    private readonly Option<string?> username = new("--oidc-username-claim") { Description = "The claim that names the user (sub)." };
    private readonly Option<string?> groups = new("--oidc-groups-claim") { Description = "The claim that lists the user's groups." };
    private readonly Option<string?> tokenWebhook = new("--authentication-token-webhook-config-file") { Description = "A kubeconfig of a server that reviews tokens nobody here knows." };
    private readonly Option<string?> authorizationWebhook = new("--authorization-webhook-config-file") { Description = "A kubeconfig of a server that is asked when no rule allows a request." };
    private readonly Option<string?> admission = new("--admission-control-config-file") { Description = "How admission plugins are configured (apiserver.config.k8s.io/v1 AdmissionConfiguration)." };

    public IEnumerable<Option> All => [auditPolicy, auditLog, issuer, clientId, ca, username, groups, tokenWebhook, authorizationWebhook, admission];

    /// <summary>What is not said stays as it was.</summary>
    public AccessSettings Read(ParseResult flags, AccessSettings known) => new()
    {
        AuditPolicyFile = File(flags, auditPolicy) ?? known.AuditPolicyFile,
        AuditLogFile = File(flags, auditLog) ?? known.AuditLogFile,
        OidcIssuer = flags.GetValue(issuer) ?? known.OidcIssuer,
        OidcClientId = flags.GetValue(clientId) ?? known.OidcClientId,
        OidcCaFile = File(flags, ca) ?? known.OidcCaFile,
        OidcUsernameClaim = flags.GetValue(username) ?? known.OidcUsernameClaim,
        OidcGroupsClaim = flags.GetValue(groups) ?? known.OidcGroupsClaim,
        TokenWebhookFile = File(flags, tokenWebhook) ?? known.TokenWebhookFile,
        AuthorizationWebhookFile = File(flags, authorizationWebhook) ?? known.AuthorizationWebhookFile,
        AdmissionFile = File(flags, admission) ?? known.AdmissionFile,
    };

    // The server's working directory is another than the user's.
    private static string? File(ParseResult flags, Option<string?> option) => flags.GetValue(option) is { } path ? Path.GetFullPath(path) : null;
}
