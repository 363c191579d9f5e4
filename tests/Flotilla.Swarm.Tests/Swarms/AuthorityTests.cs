using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Client.Joining;
using Flotilla.Docker;
using Flotilla.Swarm.Swarms;

namespace Flotilla.Swarm.Tests.Swarms;

/// <summary>What docker is told of a cluster's authority while it is rotated, and what of it docker asks.</summary>
public sealed class AuthorityTests
{
    private readonly IReadOnlyList<TrustedAuthority> both = TrustedAuthority.In(Pem("CN=next") + Pem("CN=old"));

    [Fact]
    public void A_node_has_rotated_its_certificates_and_then_its_root()
    {
        var (next, old) = (both[0], both[1]);

        Assert.Equal((string?)next.Tls["TrustRoot"], Root(null, isServer: true));
        Assert.Equal((string?)old.Tls["TrustRoot"], Root(null, isServer: false));
        Assert.Equal((string?)old.Tls["CertIssuerSubject"], Issuer(new NodeTrust([old.Hash], old.Hash)));
        Assert.Equal((string?)old.Tls["CertIssuerSubject"], Issuer(new NodeTrust([next.Hash, old.Hash], "")));

        var trust = new NodeTrust([next.Hash, old.Hash], next.Hash);
        Assert.Equal((string?)next.Tls["CertIssuerSubject"], Issuer(trust));
        Assert.NotEqual((string?)next.Tls["TrustRoot"], Root(trust, isServer: false));
        Assert.Equal((string?)next.Tls["TrustRoot"], Root(new NodeTrust([next.Hash], next.Hash), isServer: false));

        // It was away.
        Assert.Empty(TrustedAuthority.TlsOf(new NodeTrust([old.Hash], old.Hash), isServer: false, [next]));

        string? Root(NodeTrust? of, bool isServer) => (string?)TrustedAuthority.TlsOf(of, isServer, both)["TrustRoot"];
        string? Issuer(NodeTrust of) => (string?)TrustedAuthority.TlsOf(of, isServer: false, both)["CertIssuerSubject"];
    }

    [Fact]
    public void A_rotation_is_asked_for_by_a_raised_count_or_by_an_authority_with_its_key()
    {
        Assert.Null(Wish("""{"CAConfig":{"NodeCertExpiry":7776000000000000}}""", """{"CAConfig":{}}"""));
        Assert.Null(Wish("""{"CAConfig":{"ForceRotate":1}}""", """{"CAConfig":{"ForceRotate":1}}"""));
        Assert.Equal(new AuthorityWish(null, null), Wish("""{"CAConfig":{"ForceRotate":1}}""", "{}"));
        Assert.Equal(new AuthorityWish("c", "k"), Wish("""{"CAConfig":{"SigningCACert":"c","SigningCAKey":"k"}}""", "{}"));
        Assert.Throws<DockerException>(() => Wish("""{"CAConfig":{"SigningCACert":"c"}}""", "{}"));
        Assert.Throws<DockerException>(() => Wish("""{"CAConfig":{"SigningCAKey":"k"}}""", "{}"));
    }

    [Fact]
    public void The_key_of_an_authority_is_not_kept_in_the_spec()
    {
        var kept = SwarmSpecDefaults.Fill((JsonObject)JsonNode.Parse("""{"CAConfig":{"SigningCACert":"c","SigningCAKey":"k","ForceRotate":3}}""")!)["CAConfig"]!.AsObject();

        Assert.Equal(["ForceRotate", "NodeCertExpiry"], kept.Select(field => field.Key));
    }

    private static AuthorityWish? Wish(string spec, string current) => AuthorityWish.Of((JsonObject)JsonNode.Parse(spec)!, JsonNode.Parse(current));

    private static string Pem(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest(name, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(2));
        return certificate.ExportCertificatePem() + "\n";
    }
}
