using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;

namespace Flotilla.Client.Tests.Joining;

public sealed class ClusterGenerationTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-generation-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void A_certificate_shows_it_by_a_name_and_without_one_it_is_the_first()
    {
        Assert.Equal(0, ClusterGeneration.Of(Certificate()));
        Assert.Equal(0, ClusterGeneration.Of(Certificate("gx.generation.flotilla", "g.generation.flotilla", "g5.generation.flotilla.org", "kubernetes")));
        Assert.Equal(1796000000, ClusterGeneration.Of(Certificate("kubernetes", ClusterGeneration.NameOf(1796000000)!)));
        Assert.Null(ClusterGeneration.NameOf(0));
    }

    [Fact]
    public void Each_is_later_than_the_one_before_whatever_the_clock_says()
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(1000);
        Assert.Equal([1000, 2001], [ClusterGeneration.After(0, now), ClusterGeneration.After(2000, now)]);
    }

    [Fact]
    public void Who_has_known_a_later_one_accepts_no_earlier_one_also_after_a_restart()
    {
        var refused = 0;
        var known = new KnownGeneration(directory.FullName) { Refused = _ => refused++ };
        var (first, second) = (Certificate(), Certificate(ClusterGeneration.NameOf(7)!));

        Assert.True(known.Accepts(first));
        Assert.True(known.Accepts(second));
        Assert.True(known.Accepts(second));
        Assert.False(known.Accepts(first));
        Assert.Equal((1, 7), (refused, known.Latest));
        Assert.False(new KnownGeneration(directory.FullName).Accepts(first));

        known.Forget();
        Assert.True(known.Accepts(first));
    }

    private static X509Certificate2 Certificate(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }

        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
