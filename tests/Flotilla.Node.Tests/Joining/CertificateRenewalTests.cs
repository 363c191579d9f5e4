using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Node.Joining;

namespace Flotilla.Node.Tests.Joining;

public sealed class CertificateRenewalTests
{
    [Fact]
    public void A_certificate_is_renewed_at_six_tenths_of_its_lifetime_or_when_the_user_says()
    {
        var begin = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(begin, begin + TimeSpan.FromHours(10));

        Assert.Equal(begin + TimeSpan.FromHours(6), CertificateRenewal.DueAt(certificate, null));
        Assert.Equal(begin + TimeSpan.FromMinutes(1), CertificateRenewal.DueAt(certificate, TimeSpan.FromMinutes(1)));
    }
}
