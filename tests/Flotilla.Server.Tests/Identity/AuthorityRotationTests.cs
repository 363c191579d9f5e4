using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Server.Authentication;
using Flotilla.Server.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Identity;

/// <summary>Whom those recognize who trust the authority of before, the next one or both, and what a crash leaves.</summary>
public sealed class AuthorityRotationTests : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private readonly DirectoryInfo parent = Directory.CreateTempSubdirectory("flotilla-rotation-");
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private string Pki => Path.Combine(parent.FullName, "pki");

    public void Dispose() => parent.Delete(recursive: true);

    [Fact]
    public void While_it_goes_on_a_server_is_recognized_by_who_trusts_either_authority_alone()
    {
        var identity = Load();
        var old = identity.CaCertificate;

        Begin(identity);

        Assert.NotEqual(old.Thumbprint, identity.CaCertificate.Thumbprint);
        Assert.Equal([identity.CaCertificate.Thumbprint, old.Thumbprint], identity.Authorities.Select(authority => authority.Thumbprint));
        Assert.Equal(identity.CaCertificate.Subject, identity.ServerCertificate.Issuer);
        Assert.True(IsRecognized(identity.ServerChain, old));
        Assert.True(IsRecognized(identity.ServerChain, identity.CaCertificate));
        Assert.True(IsRecognized(identity.ServerChain, [.. identity.Authorities]));
        Assert.False(IsRecognized(SslStreamCertificateContext.Create(identity.ServerCertificate, null, offline: true), old));
    }

    [Fact]
    public void Clients_of_both_are_let_in_until_the_end_and_then_those_of_before_are_not()
    {
        var identity = Load();
        var (old, before, toNodes) = (identity.CaCertificate, identity.Admin.Load(), identity.NodeClient);

        Begin(identity);
        Assert.True(IsLetIn(before, identity));
        Assert.True(IsLetIn(identity.AdminCertificate, identity));
        Assert.Equal(identity.CaCertificate.Subject, identity.AdminCertificate.Issuer);

        // A node that has heard of nothing yet recognizes the server.
        Assert.Equal(toNodes, identity.NodeClient);

        Finish(identity);
        Assert.False(IsLetIn(before, identity));
        Assert.True(IsLetIn(identity.AdminCertificate, identity));
        Assert.Equal(identity.CaCertificate.Subject, identity.NodeClient.Load().Issuer);
        Assert.Null(identity.Rotation);
        Assert.Equal(identity.CaCertificate.ExportCertificatePem().Trim(), identity.CaPem.Trim());

        // Programs that have read the authority at their start, and never again, go on.
        Assert.True(IsRecognized(identity.ServerChain, old));
        Assert.True(IsRecognized(identity.ServerChain, identity.CaCertificate));
    }

    [Fact]
    public void A_certificate_is_signed_by_the_next_one_as_soon_as_it_begins()
    {
        var identity = Load();
        Begin(identity);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        using var signed = X509Certificate2.CreateFromPem(identity.SignRequest(new CertificateRequest("CN=system:node:a, O=system:nodes", key, HashAlgorithmName.SHA256), X509KeyUsageFlags.DigitalSignature, ["1.3.6.1.5.5.7.3.2"], TimeSpan.FromHours(1)));

        Assert.Equal(identity.CaCertificate.Subject, signed.Issuer);
        Assert.True(IsLetIn(signed, identity));
    }

    [Fact]
    public void A_server_that_starts_in_the_middle_goes_on_with_the_same_authorities()
    {
        var before = Load();
        Begin(before);

        var after = Load();
        after.SettleRotation();

        Assert.Equal(before.Rotation, after.Rotation);
        Assert.Equal(AuthorityStep.Signs, after.Rotation!.Step);
        Assert.Equal((before.CaPem, before.Admin, before.NodeClient), (after.CaPem, after.Admin, after.NodeClient));
        Assert.Throws<InvalidOperationException>(() => Begin(after));
        Finish(after);
        Assert.Equal(before.CaCertificate.Thumbprint, Load().CaCertificate.Thumbprint);
        Assert.Null(Load().Rotation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ca-cross.crt")]
    [InlineData("ca.key")]
    [InlineData("ca.crt")]
    public void A_crash_at_its_end_leaves_one_that_is_over(string lastWritten)
    {
        var identity = Load();
        Begin(identity);
        var (old, next, over) = (identity.Authorities[1], identity.CaCertificate, identity.Rotation! with { Step = AuthorityStep.Over });
        string[] order = ["ca-cross.crt", "ca.key", "ca.crt"];
        var before = order.ToDictionary(name => name, name => File.Exists(PathOf(name)) ? File.ReadAllBytes(PathOf(name)) : null);
        identity.Adopt(over);
        File.WriteAllText(PathOf("ca-next.key"), over.ToText());
        foreach (var name in order[(Array.IndexOf(order, lastWritten) + 1)..].Where(name => before[name] is not null))
        {
            File.WriteAllBytes(PathOf(name), before[name]!);
        }

        // Another process only reads.
        Assert.Equal([next.Thumbprint], Load().Authorities.Select(authority => authority.Thumbprint));
        Assert.True(File.Exists(PathOf("ca-next.key")));

        Load().SettleRotation();
        Assert.False(File.Exists(PathOf("ca-next.key")));
        Assert.Equal([next.Thumbprint], Load().Authorities.Select(authority => authority.Thumbprint));
        Assert.Null(Load().Rotation);
        Assert.True(IsRecognized(Load().ServerChain, old));
    }

    [Fact]
    public void A_next_one_that_is_only_known_signs_nothing_and_is_trusted()
    {
        var (identity, other) = (Load(), Copy("other"));
        var (old, planned) = (identity.CaCertificate, identity.PlanRotation(null, null));

        Assert.True(identity.Adopt(planned));
        Assert.False(identity.Adopt(planned));
        other.Adopt(planned with { Step = AuthorityStep.Signs });

        Assert.Equal([old.Thumbprint, other.CaCertificate.Thumbprint], identity.Authorities.Select(authority => authority.Thumbprint));
        Assert.Equal(old.Thumbprint, identity.CaCertificate.Thumbprint);
        Assert.True(IsLetIn(other.AdminCertificate, identity));
        Assert.True(IsLetIn(identity.AdminCertificate, other));
        Assert.True(IsRecognized(identity.ServerChain, [.. other.Authorities]));
        Assert.Equal(identity.CaPem, Load().CaPem);
    }

    [Theory]
    [InlineData(AuthorityStep.Known)]
    [InlineData(AuthorityStep.Signs)]
    [InlineData(AuthorityStep.Over)]
    public void A_server_that_missed_everything_before_comes_to_the_same_step_as_the_others(AuthorityStep step)
    {
        var (identity, away) = (Load(), Copy("away"));
        Begin(identity);
        Finish(identity);
        var rotation = identity.PlanRotation(null, null) with { Step = step };
        identity.Adopt(rotation);

        away.Adopt(rotation);

        Assert.Equal((identity.CaPem, identity.Rotation?.Id), (away.CaPem, away.Rotation?.Id));
        Assert.True(IsLetIn(away.AdminCertificate, identity));
        Assert.True(IsLetIn(identity.AdminCertificate, away));
        Assert.Equal(identity.CaPem, Load("away").CaPem);
    }

    [Fact]
    public void One_rotation_follows_another()
    {
        var identity = Load();
        Begin(identity);
        Finish(identity);
        var second = identity.CaCertificate;

        Begin(identity);

        Assert.True(IsRecognized(identity.ServerChain, second));
        Assert.True(IsRecognized(identity.ServerChain, identity.CaCertificate));
        Finish(identity);
        Assert.Single(identity.Authorities);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_administrator_brings_an_authority_with_a_key_of_either_kind(bool isRsa)
    {
        var identity = Load();
        var old = identity.CaCertificate;
        using AsymmetricAlgorithm key = isRsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var root = Root(key, "CN=ours");

        Begin(identity, root, key.ExportPkcs8PrivateKeyPem());

        Assert.Equal("CN=ours", identity.CaCertificate.Subject);
        Assert.True(IsRecognized(identity.ServerChain, old));
        Assert.True(IsRecognized(identity.ServerChain, identity.CaCertificate));
        Assert.True(IsLetIn(identity.AdminCertificate, identity));
        Finish(identity);
        Assert.True(IsLetIn(Load().AdminCertificate, Load()));
    }

    [Fact]
    public void What_cannot_be_the_authority_is_refused_with_the_reason_and_nothing_begins()
    {
        var identity = Load();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = key.ExportPkcs8PrivateKeyPem();

        Assert.Contains("belong together", Refusal(Root(key, "CN=ours"), other.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
        Assert.Contains("belong together", Refusal(Root(key, "CN=ours"), ""), StringComparison.Ordinal);
        Assert.Contains("no chain", Refusal(Root(key, "CN=ours") + "\n" + Root(key, "CN=more"), pem), StringComparison.Ordinal);
        Assert.Contains("no chain", Refusal("nonsense", pem), StringComparison.Ordinal);
        Assert.Contains("none of an authority", Refusal(Root(key, "CN=ours", constraints: new X509BasicConstraintsExtension(false, false, 0, true)), pem), StringComparison.Ordinal);
        Assert.Contains("path length of 0", Refusal(Root(key, "CN=ours", constraints: new X509BasicConstraintsExtension(true, true, 0, true)), pem), StringComparison.Ordinal);
        Assert.Contains("the subject of the present authority", Refusal(Root(key, identity.CaCertificate.Subject), pem), StringComparison.Ordinal);
        Assert.Contains("signed by another authority", Refusal(Signed(key, "CN=ours", other), pem), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromDays(400));
        Assert.Contains("expired", Refusal(Root(key, "CN=ours", end: time.GetUtcNow().AddDays(-1)), pem), StringComparison.Ordinal);
        Assert.Null(identity.Rotation);
        Assert.Null(Load().Rotation);

        string Refusal(string certificate, string itsKey) => Assert.Throws<ArgumentException>(() => identity.PlanRotation(certificate, itsKey)).Message;
    }

    private string Root(AsymmetricAlgorithm key, string subject, X509BasicConstraintsExtension? constraints = null, DateTimeOffset? end = null)
    {
        var request = Request(key, subject, constraints);
        return request.CreateSelfSigned(time.GetUtcNow().AddDays(-30 - 400), end ?? time.GetUtcNow().AddDays(2000)).ExportCertificatePem();
    }

    private string Signed(ECDsa key, string subject, ECDsa issuer) =>
        Request(key, subject, null).Create(new X500DistinguishedName("CN=above"), X509SignatureGenerator.CreateForECDsa(issuer), time.GetUtcNow().AddDays(-1), time.GetUtcNow().AddDays(2000), [1, 2, 3]).ExportCertificatePem();

    private static CertificateRequest Request(AsymmetricAlgorithm key, string subject, X509BasicConstraintsExtension? constraints)
    {
        var request = key is RSA rsa ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(constraints ?? new X509BasicConstraintsExtension(true, false, 0, true));
        return request;
    }

    private bool IsRecognized(SslStreamCertificateContext shown, params X509Certificate2[] trusted)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.ExtraStore.AddRange(shown.IntermediateCertificates.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerUsage));
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(shown.TargetCertificate);
    }

    private bool IsLetIn(X509Certificate2 certificate, ClusterIdentity identity) => TrustedCertificates.IsSignedBy(certificate, identity.Authorities, time);

    // In one go, as where there is one server.
    private static void Begin(ClusterIdentity identity, string? certificate = null, string? key = null) => identity.Adopt(identity.PlanRotation(certificate, key) with { Step = AuthorityStep.Signs });

    private static void Finish(ClusterIdentity identity)
    {
        if (identity.Rotation is { } rotation)
        {
            identity.Adopt(rotation with { Step = AuthorityStep.Over });
        }
    }

    private string PathOf(string name) => Path.Combine(Pki, name);

    private ClusterIdentity Load(string directory = "pki") => ClusterIdentity.LoadOrCreate(Path.Combine(parent.FullName, directory), ["kubernetes", "localhost"], time);

    // Another server of the same cluster.
    private ClusterIdentity Copy(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(Pki))
        {
            Directory.CreateDirectory(Path.Combine(parent.FullName, directory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Copy(file, Path.Combine(parent.FullName, directory, Path.GetFileName(file)));
        }

        return Load(directory);
    }
}
