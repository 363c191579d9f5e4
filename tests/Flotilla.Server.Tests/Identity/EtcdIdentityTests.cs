using System.Security.Cryptography.X509Certificates;
using Flotilla.Server.Identity;
using Flotilla.Storage.Etcd.Running;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Server.Tests.Identity;

public sealed class EtcdIdentityTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-identity-");
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Certificates_are_renewed_in_place_by_the_same_authority()
    {
        var identity = Load("one", "127.0.0.1");
        var before = (Read(FilesOf("one").Server), Read(FilesOf("one").Peer), identity.ClientCertificate.Thumbprint);
        identity.Renew();
        Assert.Equal(before, (Read(FilesOf("one").Server), Read(FilesOf("one").Peer), identity.ClientCertificate.Thumbprint));

        time.Advance(TimeSpan.FromDays(330));
        identity.Renew();
        Assert.NotEqual(before.Item1, Read(FilesOf("one").Server));
        Assert.NotEqual(before.Item2, Read(FilesOf("one").Peer));
        Assert.NotEqual(before.Item3, identity.ClientCertificate.Thumbprint);
        Assert.Equal(identity.CaCertificate.Subject, identity.ClientCertificate.Issuer);
    }

    [Fact]
    public void A_machine_that_has_another_address_gets_another_certificate()
    {
        Load("one", "127.0.0.1");
        var before = Read(FilesOf("one").Peer);
        Load("one", "127.0.0.1", "10.0.0.7");
        Assert.NotEqual(before, Read(FilesOf("one").Peer));
        using var certificate = X509Certificate2.CreateFromPemFile(FilesOf("one").Peer, FilesOf("one").PeerKey);
        Assert.True(certificate.MatchesHostname("10.0.0.7"));
    }

    [Fact]
    public void What_servers_share_is_enough_for_a_second_one()
    {
        var first = Load("one", "127.0.0.1");
        Directory.CreateDirectory(Path.Combine(directory.FullName, "two"));
        foreach (var file in EtcdIdentity.SharedFiles)
        {
            File.Copy(Path.Combine(directory.FullName, "one", file), Path.Combine(directory.FullName, "two", file));
        }

        Assert.Equal(first.CaCertificate.Thumbprint, Load("two", "127.0.0.1").CaCertificate.Thumbprint);
    }

    private static string Read(string file) => File.ReadAllText(file);

    private EtcdIdentity Load(string name, params string[] names) => EtcdIdentity.LoadOrCreate(Path.Combine(directory.FullName, name), Path.Combine(directory.FullName, "keys"), names, time);

    private EtcdCertificateFiles FilesOf(string name) => EtcdIdentity.FilesIn(Path.Combine(directory.FullName, name), Path.Combine(directory.FullName, "keys"));
}
