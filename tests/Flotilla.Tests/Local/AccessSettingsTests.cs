using Flotilla.Composition;
using Flotilla.Local;

namespace Flotilla.Tests.Local;

public sealed class AccessSettingsTests
{
    [Fact]
    public void Nothing_is_asked_for_by_default()
    {
        var settings = new ClusterSettings { RunDirectory = "/run/x" };
        settings.Access.Validate();
        Assert.Null(AccessComposition.AuditFor(settings));
        Assert.Null(AccessComposition.OpenIdFor(settings.Access));
    }

    [Fact]
    public void Half_of_what_belongs_together_is_refused_in_one_sentence()
    {
        Assert.Contains("--oidc-client-id", Refused(new AccessSettings { OidcIssuer = "https://issuer.example" }), StringComparison.Ordinal);
        Assert.Contains("must be an https address", Refused(new AccessSettings { OidcIssuer = "http://issuer.example", OidcClientId = "me" }), StringComparison.Ordinal);
        Assert.Contains("--audit-policy-file /nowhere/policy.yaml does not exist", Refused(new AccessSettings { AuditPolicyFile = "/nowhere/policy.yaml" }), StringComparison.Ordinal);
        Assert.Contains("needs --audit-policy-file", Refused(new AccessSettings { AuditLogFile = "/tmp/log" }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_audit_log_stands_beside_the_data()
    {
        var settings = new ClusterSettings { RunDirectory = "/run/x", DataDirectory = "/data", Access = new AccessSettings { AuditPolicyFile = "/policy.yaml" } };
        Assert.Equal("/data/audit.log", AccessComposition.AuditFor(settings)!.LogFile);
    }

    private static string Refused(AccessSettings settings) => Assert.Throws<UserError>(settings.Validate).Message;
}
