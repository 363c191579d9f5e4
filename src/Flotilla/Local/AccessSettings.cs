namespace Flotilla.Local;

/// <summary>Who else may say who comes in and what they may do, and what is written down about it. All of it is off by default.</summary>
internal sealed record AccessSettings
{
    public string? AuditPolicyFile { get; init; }

    /// <summary>null: <c>audit.log</c> in the data directory.</summary>
    public string? AuditLogFile { get; init; }

    public string? OidcIssuer { get; init; }

    public string? OidcClientId { get; init; }

    public string? OidcCaFile { get; init; }

    public string? OidcUsernameClaim { get; init; }

    public string? OidcGroupsClaim { get; init; }

    public string? TokenWebhookFile { get; init; }

    public string? AuthorizationWebhookFile { get; init; }

    public string? AdmissionFile { get; init; }

    /// <exception cref="UserError">A file that is not there, or half of what belongs together.</exception>
    public void Validate()
    {
        foreach (var (flag, file) in new[]
        {
            ("--audit-policy-file", AuditPolicyFile), ("--oidc-ca-file", OidcCaFile),
            ("--authentication-token-webhook-config-file", TokenWebhookFile), ("--authorization-webhook-config-file", AuthorizationWebhookFile),
            ("--admission-control-config-file", AdmissionFile),
        })
        {
            if (file is not null && !File.Exists(file))
            {
                throw new UserError($"{flag} {file} does not exist.");
            }
        }

        if ((OidcIssuer is null) != (OidcClientId is null))
        {
            throw new UserError("--oidc-issuer-url and --oidc-client-id go together: give both or neither.");
        }

        if (OidcIssuer is not null && !(Uri.TryCreate(OidcIssuer, UriKind.Absolute, out var issuer) && issuer.Scheme == Uri.UriSchemeHttps))
        {
            throw new UserError($"--oidc-issuer-url {OidcIssuer} must be an https address.");
        }

        if (AuditLogFile is not null && AuditPolicyFile is null)
        {
            throw new UserError("--audit-log-path needs --audit-policy-file, which says what to log.");
        }
    }
}
