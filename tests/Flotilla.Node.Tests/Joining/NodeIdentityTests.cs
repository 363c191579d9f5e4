using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Client.Joining;
using Flotilla.Node.Joining;

namespace Flotilla.Node.Tests.Joining;

/// <summary>A node whose cluster's authority is rotated.</summary>
public sealed class NodeIdentityTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-node-identity-");
    private readonly X509Certificate2 old = Authority("CN=old");
    private readonly X509Certificate2 next = Authority("CN=next");

    public void Dispose()
    {
        directory.Delete(recursive: true);
        old.Dispose();
        next.Dispose();
    }

    [Fact]
    public void It_tells_by_which_authorities_it_goes_when_all_its_certificates_are_of_one()
    {
        var identity = Load();
        identity.SetAuthorities([old]);
        identity.SetClient(Signed(old));
        Assert.Null(identity.Trust);

        identity.SetServing(Signed(old));
        identity.SetAuthorities([next, old]);
        Assert.False(identity.IsOfFirst(identity.Client!));
        Assert.Equal(JoinToken.HashOf(old), identity.Trust!.Certificates);

        identity.SetClient(Signed(next));
        Assert.True(identity.IsOfFirst(identity.Client!));
        Assert.Equal("", identity.Trust!.Certificates);
        Assert.False(identity.Trust.Follows(JoinToken.HashOf(next)));

        identity.SetServing(Signed(next));
        Assert.True(identity.Trust!.Follows(JoinToken.HashOf(next)));
        Assert.Equal([JoinToken.HashOf(next), JoinToken.HashOf(old)], identity.Trust.Trusted);
    }

    [Fact]
    public void What_it_trusts_is_kept_and_who_waits_for_a_change_hears_of_it()
    {
        var identity = Load();
        identity.SetAuthorities([old]);
        var changed = identity.AuthoritiesReplaced;

        identity.SetAuthorities([next, old]);

        Assert.True(changed.IsCancellationRequested);
        Assert.False(identity.AuthoritiesReplaced.IsCancellationRequested);
        Assert.Equal([next.Thumbprint, old.Thumbprint], Load().Authorities!.Select(authority => authority.Thumbprint));
    }

    [Fact]
    public void Whoever_joins_hears_of_all_authorities_that_are_published()
    {
        var pem = $"{next.ExportCertificatePem()}\n{old.ExportCertificatePem()}\n";

        var found = ServerGreeting.AuthoritiesIn($"    certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}\n    server: https://a");

        Assert.Equal([next.Thumbprint, old.Thumbprint], found!.Select(authority => authority.Thumbprint));
        Assert.Null(ServerGreeting.AuthoritiesIn("    server: https://a"));
    }

    private NodeIdentity Load() => new(directory.FullName);

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(2));
    }

    private static string Signed(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=system:node:a", key, HashAlgorithmName.SHA256);
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(16));
        return $"{issued.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
